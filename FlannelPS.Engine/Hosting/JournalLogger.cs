using System.Globalization;
using System.Text;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>Writes log lines to standard error or to a file: with a priority where the journal reads them, with time and level elsewhere.</summary>
/// <remarks>One event is one line: control characters of a message (it may quote what a stranger wrote into the store) come out as escapes. sd-daemon(3).</remarks>
public sealed class JournalLogger : ILogger
{
    private const int MaxLength = 8192;
    private readonly object _gate = new();
    private readonly Action<byte[]> _write;
    private readonly bool _journal;
    private readonly LogLevel _minimum;
    private readonly TimeProvider _time;

    /// <summary>A logger over standard error.</summary>
    /// <param name="verbosity">The <c>v</c> flag: 0 from information on, 1 with details, 4 with everything.</param>
    public JournalLogger(int verbosity)
        : this(Console.OpenStandardError(), IsJournal(Environment.GetEnvironmentVariable("JOURNAL_STREAM"), File.ResolveLinkTarget("/proc/self/fd/2", false)?.Name), verbosity, TimeProvider.System)
    {
    }

    /// <param name="file">Where the lines go.</param>
    /// <param name="verbosity">As above.</param>
    /// <param name="time">The clock of the lines.</param>
    internal JournalLogger(CappedFile file, int verbosity, TimeProvider time)
        : this(line => file.Append(line), false, verbosity, time)
    {
    }

    internal JournalLogger(Stream output, bool journal, int verbosity, TimeProvider time)
        : this(
            line =>
            {
                output.Write(line);
                output.Flush();
            },
            journal, verbosity, time)
    {
    }

    private JournalLogger(Action<byte[]> write, bool journal, int verbosity, TimeProvider time)
    {
        (_write, _journal, _time) = (write, journal, time);
        _minimum = verbosity >= 4 ? LogLevel.Trace : verbosity >= 1 ? LogLevel.Debug : LogLevel.Information;
    }

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel >= _minimum && logLevel != LogLevel.None;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (!IsEnabled(logLevel))
            return;
        var line = new StringBuilder(128);
        if (_journal)
            line.Append('<').Append(Priority(logLevel)).Append('>');
        else
            line.Append(_time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)).Append(' ').Append(Word(logLevel)).Append(' ');
        if (eventId.Id != 0)
            line.Append('[').Append(eventId.Id).Append("] ");
        Append(line, formatter(state, exception));
        for (var cause = exception; cause is not null; cause = cause.InnerException)
            Append(line, $": {cause.Message}");
        if (exception is not null && _minimum < LogLevel.Information)
            Append(line, $" {exception.StackTrace}");
        line.Append('\n');
        var bytes = Encoding.UTF8.GetBytes(line.ToString());
        lock (_gate)
        {
            try
            {
                _write(bytes);
            }
            catch (IOException)
            {
                // Nobody reads any more, or the disk is full. The daemon's work does not hang on its log.
            }
        }
    }

    /// <summary>Whether JOURNAL_STREAM (device:inode) names what standard error is.</summary>
    /// <param name="journalStream">The variable.</param>
    /// <param name="standardError">Target of /proc/self/fd/2: <c>socket:[inode]</c>. Sockets share one device, so the inode decides.</param>
    internal static bool IsJournal(string? journalStream, string? standardError)
        => journalStream?.IndexOf(':') is { } colon and > 0 && standardError == $"socket:[{journalStream[(colon + 1)..]}]";

    private static void Append(StringBuilder line, string text)
    {
        foreach (var character in text)
        {
            if (line.Length >= MaxLength)
            {
                line.Append("...");
                return;
            }
            if (char.IsControl(character))
                line.Append(character == '\n' ? @"\n" : $@"\x{(int)character:x2}");
            else
                line.Append(character);
        }
    }

    /// <summary>syslog(3) priorities.</summary>
    private static char Priority(LogLevel level) => level switch
    {
        LogLevel.Critical => '2',
        LogLevel.Error => '3',
        LogLevel.Warning => '4',
        LogLevel.Information => '6',
        _ => '7',
    };

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Critical => "crit ",
        LogLevel.Error => "error",
        LogLevel.Warning => "warn ",
        LogLevel.Information => "info ",
        _ => "debug",
    };
}
