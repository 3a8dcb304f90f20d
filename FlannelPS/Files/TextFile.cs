using System.Management.Automation;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <summary>Small files which other programs trust: read and written whole or not at all, and never through a link.</summary>
internal static class TextFile
{
    /// <summary>0644: for everybody to read.</summary>
    public const UnixFileMode PublicMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>0600: it may hold a password.</summary>
    public const UnixFileMode SecretMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>0755: for everybody to run.</summary>
    public const UnixFileMode ProgramMode = PublicMode | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Bytes; the longest of these files has some thousand.</summary>
    private const int MaximumLength = 256 << 10;

    /// <summary>The file's text; null when there is no such file, or with a problem.</summary>
    public static string? Read(string path, out ErrorRecord? problem) => ReadAll(path, out problem) is { } bytes ? Encoding.UTF8.GetString(bytes) : null;

    /// <summary>A JSON file's bytes, without the byte order mark that editors write and JSON does not have (RFC 8259 section 8.1); null, and why, when they cannot be had.</summary>
    public static ReadOnlyMemory<byte>? ReadJson(string path, out ErrorRecord? problem)
    {
        var bytes = ReadAll(path, out problem);
        if (bytes is null)
        {
            problem ??= FlannelError.FileNotFound.Record($"There is no file {path}.", path);
            return null;
        }
        return bytes is [0xef, 0xbb, 0xbf, ..] ? bytes.AsMemory(3) : bytes;
    }

    /// <summary>Makes the file have this text.</summary>
    /// <returns>False when it had it already.</returns>
    /// <exception cref="IOException">It cannot be; what was there is as it was.</exception>
    public static bool Write(string path, string text, UnixFileMode mode) => Write(path, Encoding.UTF8.GetBytes(text), mode);

    /// <summary>Makes the file have this content.</summary>
    /// <returns>False when it had it already.</returns>
    /// <exception cref="IOException">It cannot be; what was there is as it was.</exception>
    public static bool Write(string path, byte[] content, UnixFileMode mode)
    {
        if (OperatingSystem.IsLinux())
            return AtomicFile.Write(path, content, mode);
        // Elsewhere files are only prepared for a Linux host; a rename keeps them whole there too.
        RefuseLink(new FileInfo(path));
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var temporary = $"{path}.{Guid.NewGuid():n}.tmp";
        try
        {
            File.WriteAllBytes(temporary, content);
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
        return true;
    }

    /// <summary>What a failure of the file system is to a user.</summary>
    public static ErrorRecord Record(Exception failure, string path, FlannelError otherwise)
        => (failure switch
        {
            FileRefusedException => FlannelError.FileUnsafe,
            FileException { Errno: Errno.EACCES or Errno.EPERM } or UnauthorizedAccessException => FlannelError.PrivilegeRequired,
            _ => otherwise,
        }).Record(failure.Message, path, failure);

    /// <summary>Whether anything stands there, a link that leads nowhere too.</summary>
    public static bool IsThere(string path) => File.Exists(path) || Directory.Exists(path) || new FileInfo(path).LinkTarget is not null;

    private static byte[]? ReadAll(string path, out ErrorRecord? problem)
    {
        problem = null;
        try
        {
            return OperatingSystem.IsLinux() ? SafeRead.TryReadAllBytes(path, MaximumLength) : ReadElsewhere(new FileInfo(path));
        }
        catch (FileException e) when (e.Errno == Errno.ENOTDIR)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Record(e, path, FlannelError.FileInvalid);
            return null;
        }
    }

    // On other systems there is no such kernel interface; what .NET offers has to do.
    private static byte[]? ReadElsewhere(FileInfo file)
    {
        RefuseLink(file);
        return !file.Exists ? null
            : file.Length > MaximumLength ? throw new FileRefusedException(file.FullName, $"it has {file.Length} bytes, more than the {MaximumLength} that belong there. Remove it.")
            : File.ReadAllBytes(file.FullName);
    }

    private static void RefuseLink(FileInfo file)
    {
        if (file.LinkTarget is not null)
            throw new FileRefusedException(file.FullName, "it is a symbolic link where a plain file belongs. Remove it.");
    }
}
