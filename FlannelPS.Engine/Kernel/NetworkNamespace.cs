using System.Runtime.ExceptionServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Work in a named network namespace (<c>ip netns</c>).</summary>
/// <remarks>A namespace belongs to a thread: each call has a thread of its own that enters and ends. A socket opened there stays there.</remarks>
public static class NetworkNamespace
{
    /// <summary>The kernel's name of the namespace this process was started in, such as <c>net:[4026531840]</c>; empty where /proc is not there.</summary>
    public static string Current => new FileInfo("/proc/self/ns/net").LinkTarget ?? "";

    /// <summary>Runs a synchronous function inside /run/netns/NAME; processes it starts are inside too. What it awaits would not be.</summary>
    /// <exception cref="FileException">There is no such namespace, or it may not be entered (CAP_SYS_ADMIN).</exception>
    public static T Run<T>(string name, Func<T> body)
    {
        if (name is "" or "." or ".." || name.AsSpan().ContainsAny('/', '\0'))
            throw new ArgumentException($"'{name}' is not the name of a network namespace.", nameof(name));
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                Enter($"/run/netns/{name}");
                result = body();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        { IsBackground = true, Name = $"netns {name}" };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs a synchronous action inside /run/netns/NAME.</summary>
    /// <exception cref="FileException">There is no such namespace, or it may not be entered (CAP_SYS_ADMIN).</exception>
    public static void Run(string name, Action body)
        => Run(name, () =>
        {
            body();
            return true;
        });

    private static void Enter(string path)
    {
        using var target = LibC.Open(path, LibC.O_RDONLY | LibC.O_CLOEXEC);
        var errno = target.IsInvalid ? LibC.LastErrno : 0;
        if (errno != 0)
            throw new FileException($"Network namespace {path} cannot be opened", errno);
        var entered = LibC.SetNs(target, LibC.CLONE_NEWNET);
        if (entered < 0)
            throw new FileException($"Network namespace {path} cannot be entered", LibC.LastErrno);
    }
}
