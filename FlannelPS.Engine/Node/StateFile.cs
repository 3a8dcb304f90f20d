using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Node;

/// <summary>The frame around everything in the state folder: one line of header, then the content.</summary>
/// <remarks>
/// <code>
/// flannelps-state 1 5f0c..(machine, 16 hex digits, or -) 9a3e..(fingerprint of both, 16 hex digits) LF
/// content
/// </code>
/// The sum finds a flipped bit or a cut end; the machine finds a folder that was copied from another host. A higher format number is refused,
/// so that a newer version's state is never read as something else.
/// </remarks>
internal static class StateFile
{
    /// <summary>The format this version writes, and the highest it reads.</summary>
    public const int Format = 1;

    private const string Word = "flannelps-state";
    private const int MaxHeader = 160;

    /// <summary>Puts content into its frame.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> content, string machine)
    {
        var header = Encoding.ASCII.GetBytes($"{Word} {Format} {machine} {Fingerprint.Hex(Encoding.ASCII.GetBytes(machine), content)}\n");
        return [.. header, .. content];
    }

    /// <summary>Takes content out of its frame.</summary>
    /// <param name="file">The whole file.</param>
    /// <param name="machine">Ours.</param>
    /// <param name="content">What was framed.</param>
    /// <param name="problem">Why the file is to be ignored.</param>
    /// <exception cref="StateTooNewException">The format is newer than this version.</exception>
    public static bool TryOpen(byte[] file, string machine, out ReadOnlyMemory<byte> content, [NotNullWhen(false)] out string? problem)
    {
        content = default;
        var end = file.AsSpan(0, Math.Min(file.Length, MaxHeader)).IndexOf((byte)'\n');
        var header = end < 0 ? [] : Encoding.ASCII.GetString(file, 0, end).Split(' ');
        if (header.Length < 2 || header[0] != Word || !int.TryParse(header[1], NumberStyles.None, CultureInfo.InvariantCulture, out var format))
        {
            problem = "it is not a state file";
            return false;
        }
        if (format > Format)
            throw new StateTooNewException(format);
        problem = format != Format || header.Length != 4 ? "its header is damaged"
            : Fingerprint.Hex(Encoding.ASCII.GetBytes(header[2]), file.AsSpan(end + 1)) != header[3] ? "it is damaged (wrong checksum)"
            : header[2] != machine && header[2] != "-" && machine != "-" ? "it comes from another machine"
            : null;
        content = problem is null ? file.AsMemory(end + 1) : default;
        return problem is null;
    }

    /// <summary>A short mark of this machine from machine-id(5), not the id itself, which is confidential; <c>-</c> where there is none.</summary>
    public static string Mark(string? machineId)
        => string.IsNullOrWhiteSpace(machineId) ? "-" : Fingerprint.Hex("flannelps"u8, Encoding.UTF8.GetBytes(machineId.Trim()));
}

/// <summary>A state file was written by a newer version of FlannelPS. It was left as it is.</summary>
/// <param name="format">The file's format.</param>
/// <param name="path">The file.</param>
public sealed class StateTooNewException(int format, string? path = null) : Exception(
    $"{path ?? "The state"} was written by a newer FlannelPS (format {format}; this one reads up to {StateFile.Format}). Upgrade again, or move the folder away to start anew.")
{
    /// <summary>The file's format.</summary>
    public int Format { get; } = format;
}
