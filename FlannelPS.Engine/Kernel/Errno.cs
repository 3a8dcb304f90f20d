using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Error numbers and their names.</summary>
/// <remarks>asm-generic/errno-base.h, asm-generic/errno.h: the same on every architecture that .NET runs on.</remarks>
public static class Errno
{
    /// <summary>EPERM.</summary>
    public const int EPERM = 1;

    /// <summary>ENOENT.</summary>
    public const int ENOENT = 2;

    /// <summary>ESRCH.</summary>
    public const int ESRCH = 3;

    /// <summary>EINTR.</summary>
    public const int EINTR = 4;

    /// <summary>EIO.</summary>
    public const int EIO = 5;

    /// <summary>EAGAIN.</summary>
    public const int EAGAIN = 11;

    /// <summary>ENOMEM.</summary>
    public const int ENOMEM = 12;

    /// <summary>EACCES.</summary>
    public const int EACCES = 13;

    /// <summary>EBUSY.</summary>
    public const int EBUSY = 16;

    /// <summary>EEXIST.</summary>
    public const int EEXIST = 17;

    /// <summary>ENODEV.</summary>
    public const int ENODEV = 19;

    /// <summary>ENOTDIR.</summary>
    public const int ENOTDIR = 20;

    /// <summary>EISDIR.</summary>
    public const int EISDIR = 21;

    /// <summary>EINVAL.</summary>
    public const int EINVAL = 22;

    /// <summary>ENOSPC.</summary>
    public const int ENOSPC = 28;

    /// <summary>EROFS.</summary>
    public const int EROFS = 30;

    /// <summary>ELOOP.</summary>
    public const int ELOOP = 40;

    /// <summary>EBADFD.</summary>
    public const int EBADFD = 77;

    /// <summary>EMSGSIZE.</summary>
    public const int EMSGSIZE = 90;

    /// <summary>EOPNOTSUPP.</summary>
    public const int EOPNOTSUPP = 95;

    /// <summary>EAFNOSUPPORT.</summary>
    public const int EAFNOSUPPORT = 97;

    /// <summary>EADDRINUSE.</summary>
    public const int EADDRINUSE = 98;

    /// <summary>EADDRNOTAVAIL.</summary>
    public const int EADDRNOTAVAIL = 99;

    /// <summary>ENETUNREACH.</summary>
    public const int ENETUNREACH = 101;

    /// <summary>ENOBUFS.</summary>
    public const int ENOBUFS = 105;

    /// <summary>ECONNREFUSED.</summary>
    public const int ECONNREFUSED = 111;

    /// <summary>EHOSTUNREACH.</summary>
    public const int EHOSTUNREACH = 113;

    private static readonly string?[] Names =
    [
        null, "EPERM", "ENOENT", "ESRCH", "EINTR", "EIO", "ENXIO", "E2BIG", "ENOEXEC", "EBADF", "ECHILD", "EAGAIN", "ENOMEM",
        "EACCES", "EFAULT", "ENOTBLK", "EBUSY", "EEXIST", "EXDEV", "ENODEV", "ENOTDIR", "EISDIR", "EINVAL", "ENFILE", "EMFILE",
        "ENOTTY", "ETXTBSY", "EFBIG", "ENOSPC", "ESPIPE", "EROFS", "EMLINK", "EPIPE", "EDOM", "ERANGE", "EDEADLK", "ENAMETOOLONG",
        "ENOLCK", "ENOSYS", "ENOTEMPTY", "ELOOP", null, "ENOMSG", "EIDRM", "ECHRNG", "EL2NSYNC", "EL3HLT", "EL3RST", "ELNRNG",
        "EUNATCH", "ENOCSI", "EL2HLT", "EBADE", "EBADR", "EXFULL", "ENOANO", "EBADRQC", "EBADSLT", null, "EBFONT", "ENOSTR",
        "ENODATA", "ETIME", "ENOSR", "ENONET", "ENOPKG", "EREMOTE", "ENOLINK", "EADV", "ESRMNT", "ECOMM", "EPROTO", "EMULTIHOP",
        "EDOTDOT", "EBADMSG", "EOVERFLOW", "ENOTUNIQ", "EBADFD", "EREMCHG", "ELIBACC", "ELIBBAD", "ELIBSCN", "ELIBMAX",
        "ELIBEXEC", "EILSEQ", "ERESTART", "ESTRPIPE", "EUSERS", "ENOTSOCK", "EDESTADDRREQ", "EMSGSIZE", "EPROTOTYPE",
        "ENOPROTOOPT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT", "EOPNOTSUPP", "EPFNOSUPPORT", "EAFNOSUPPORT", "EADDRINUSE",
        "EADDRNOTAVAIL", "ENETDOWN", "ENETUNREACH", "ENETRESET", "ECONNABORTED", "ECONNRESET", "ENOBUFS", "EISCONN", "ENOTCONN",
        "ESHUTDOWN", "ETOOMANYREFS", "ETIMEDOUT", "ECONNREFUSED", "EHOSTDOWN", "EHOSTUNREACH", "EALREADY", "EINPROGRESS",
        "ESTALE", "EUCLEAN", "ENOTNAM", "ENAVAIL", "EISNAM", "EREMOTEIO", "EDQUOT", "ENOMEDIUM", "EMEDIUMTYPE", "ECANCELED",
        "ENOKEY", "EKEYEXPIRED", "EKEYREVOKED", "EKEYREJECTED", "EOWNERDEAD", "ENOTRECOVERABLE", "ERFKILL", "EHWPOISON",
    ];

    /// <summary>The name as in the headers, such as <c>ENETUNREACH</c>, or <c>errno 4711</c>.</summary>
    public static string Name(int errno)
        => errno > 0 && errno < Names.Length && Names[errno] is { } name ? name : $"errno {errno}";

    /// <summary>Name and meaning: <c>ENOSPC (No space left on device)</c>.</summary>
    public static string Describe(int errno) => $"{Name(errno)} ({Marshal.GetPInvokeErrorMessage(errno)})";
}
