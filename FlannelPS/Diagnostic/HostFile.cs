using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Diagnostics;

/// <summary>A small file of the host.</summary>
internal static class HostFile
{
    private const int MaximumLength = 1 << 20;

    /// <summary>Its text, as an entry; null where there is no such file.</summary>
    /// <param name="path">The entry's name.</param>
    /// <param name="file">The file.</param>
    /// <param name="shown">What of it may be shown; all of it by default.</param>
    public static DiagnosticEntry? Read(string path, string file, Func<string, string>? shown = null)
    {
        try
        {
            return SafeRead.TryReadAllBytes(file, MaximumLength) is not { } bytes ? null
                : new(path, $"# {file}\n{(shown is null ? Encoding.UTF8.GetString(bytes) : shown(Encoding.UTF8.GetString(bytes)))}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return DiagnosticEntry.Missing(path, e.Message);
        }
    }

    /// <summary>A file of one line; null where it is not there, or not to be read.</summary>
    public static string? Line(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
