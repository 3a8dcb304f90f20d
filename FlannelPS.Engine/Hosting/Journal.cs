using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace FlannelPS.Engine.Hosting;

/// <summary>Why the journal could not be read.</summary>
internal enum JournalFailure
{
    /// <summary>There is no journalctl: this host does not run systemd.</summary>
    Missing,

    /// <summary>This user may not read it.</summary>
    Denied,

    /// <summary>Anything else.</summary>
    Failed,
}

/// <summary>The journal could not be read.</summary>
/// <param name="failure">The class.</param>
/// <param name="message">One line.</param>
/// <param name="inner">What was caught.</param>
internal sealed class JournalException(JournalFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The class.</summary>
    public JournalFailure Failure { get; } = failure;
}

/// <summary>Reads the lines of units from systemd's journal, by its own program: the format of its files is its own affair.</summary>
/// <remarks>journalctl(1), systemd.journal-fields(7), Journal JSON Format.</remarks>
internal static class Journal
{
    /// <summary>The lines, oldest first.</summary>
    /// <param name="units">Whose.</param>
    /// <param name="filter">Which.</param>
    /// <param name="cancellationToken">Ends it, and the program with it.</param>
    /// <exception cref="JournalException">It cannot be read.</exception>
    public static async IAsyncEnumerable<LogLine> ReadAsync(IReadOnlyList<string> units, LogFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var program = Start(units, filter);
        using var end = cancellationToken.UnsafeRegister(static state => Kill((Process)state!), program);
        try
        {
            var problem = program.StandardError.ReadToEndAsync(cancellationToken);
            while (await program.StandardOutput.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } text)
                if (Parse(text) is { } line && filter.Wants(line))
                    yield return line;
            await program.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            if (program.ExitCode != 0)
                throw Failed((await problem.ConfigureAwait(false)).Trim(), program.ExitCode);
        }
        finally
        {
            Kill(program);
        }
    }

    /// <summary>Reads an entry; null where it is none with a text.</summary>
    internal static LogLine? Parse(string json)
    {
        try
        {
            using var entry = JsonDocument.Parse(json);
            var root = entry.RootElement;
            if (!root.TryGetProperty("MESSAGE", out var message) || !long.TryParse(root.Text("__REALTIME_TIMESTAMP"), NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds))
                return null;
            var text = message.ValueKind switch
            {
                JsonValueKind.String => message.GetString()!,
                // Bytes that are no UTF-8, or no text, come as numbers.
                JsonValueKind.Array => Encoding.UTF8.GetString([.. message.EnumerateArray().Select(item => item.TryGetByte(out var octet) ? octet : (byte)'?')]),
                _ => null,
            };
            return text is null ? null
                : LogLine.OfJournal(DateTimeOffset.UnixEpoch.AddMicroseconds(microseconds), int.TryParse(root.Text("PRIORITY"), NumberStyles.None, null, out var priority) ? priority : 6, text);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentOutOfRangeException)
        {
            return null;
        }
    }

    private static Process Start(IReadOnlyList<string> units, LogFilter filter)
    {
        var command = new ProcessStartInfo("journalctl", ["--output=json", "--no-pager", $"--priority={filter.Priority}", $"--lines={filter.Tail?.ToString(CultureInfo.InvariantCulture) ?? "all"}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var unit in units)
            command.ArgumentList.Add($"--unit={unit}");
        if (filter.After is { } after)
            command.ArgumentList.Add($"--since=@{after.ToUnixTimeSeconds()}");
        if (filter.Follow)
            command.ArgumentList.Add("--follow");
        try
        {
            var program = Process.Start(command)!;
            program.StandardInput.Close();
            return program;
        }
        catch (Win32Exception e)
        {
            throw new JournalException(JournalFailure.Missing, $"journalctl cannot be run: {e.Message}", e);
        }
    }

    private static JournalException Failed(string said, int exitCode)
        => new(said.Contains("permission", StringComparison.OrdinalIgnoreCase) ? JournalFailure.Denied : JournalFailure.Failed,
            $"journalctl ended with {exitCode}{(said.Length > 0 ? $": {said.ReplaceLineEndings(" ")}" : "")}");

    private static void Kill(Process program)
    {
        try
        {
            if (!program.HasExited)
                program.Kill();
        }
        catch (Exception e) when (e is InvalidOperationException or Win32Exception)
        {
            // It has ended in between.
        }
    }
}
