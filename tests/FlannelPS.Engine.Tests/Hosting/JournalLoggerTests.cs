using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Tests.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Tests.Hosting;

[SupportedOSPlatform("linux")]
public sealed class JournalLoggerTests
{
    [Fact]
    public void The_journal_gets_priorities_and_no_time()
    {
        var text = Write(true, 0, logger =>
        {
            logger.OptionNotice("careful");
            logger.HealthListening("127.0.0.1:1");
            logger.ControlRequestFailed("peers", new InvalidOperationException("broken", new IOException("disk")));
        });
        Assert.Equal(
            "<4>[10000] careful\n<6>[10020] Health answers on http://127.0.0.1:1/healthz and /readyz\n<3>[10032] Control request peers failed: broken: disk\n", text);
    }

    [Fact]
    public void Elsewhere_a_line_has_time_and_level()
        => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn  \[10000\] careful\n$", Write(false, 0, logger => logger.OptionNotice("careful")));

    [Fact]
    public void In_a_file_a_line_has_time_and_level_too()
    {
        using var directory = new TestDirectory();
        using (var file = new CappedFile(directory["a.log"], 1000))
            new JournalLogger(file, 0, TimeProvider.System).OptionNotice("careful");
        Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warn  \[10000\] careful\n$", File.ReadAllText(directory["a.log"]));
    }

    [Fact]
    public void F60_A_log_file_that_cannot_be_written_is_no_error_of_the_daemon()
    {
        using var disk = new MountedDisk("size=4k");
        using var file = new CappedFile(disk["a.log"], 0);
        var logger = new JournalLogger(file, 0, TimeProvider.System);
        for (var i = 0; i < 100; i++)
            logger.OptionNotice(new string('x', 100));
        Assert.InRange(new FileInfo(disk["a.log"]).Length, 1, 4096);
        Assert.EndsWith("x\n", File.ReadAllText(disk["a.log"]));
    }

    [Theory]
    [InlineData(0, LogLevel.Information)]
    [InlineData(1, LogLevel.Debug)]
    [InlineData(4, LogLevel.Trace)]
    public void Verbosity_chooses_the_lowest_level(int verbosity, LogLevel lowest)
    {
        var logger = new JournalLogger(Stream.Null, true, verbosity, TimeProvider.System);
        Assert.True(logger.IsEnabled(lowest));
        Assert.False(logger.IsEnabled(lowest - 1));
        Assert.False(logger.IsEnabled(LogLevel.None));
    }

    [Fact]
    public void What_a_stranger_wrote_cannot_forge_a_line_or_flood_one()
    {
        var text = Write(true, 0, logger => logger.OptionNotice("key\n<0>fake\u001b[31m\0" + new string('x', 100_000)));
        Assert.Equal(1, text.Count(character => character == '\n'));
        Assert.StartsWith(@"<4>[10000] key\n<0>fake\x1b[31m\x00xxx", text);
        Assert.InRange(text.Length, 8000, 8300);
    }

    [Theory]
    [InlineData("8:12345", "socket:[12345]", true)]
    [InlineData("8:12345", "socket:[1234]", false)]
    [InlineData("8:12345", "/dev/pts/0", false)]
    [InlineData("12345", "socket:[12345]", false)]
    [InlineData(null, "socket:[12345]", false)]
    [InlineData("8:1", null, false)]
    public void The_journal_is_recognised_by_its_inode(string? variable, string? standardError, bool journal)
        => Assert.Equal(journal, JournalLogger.IsJournal(variable, standardError));

    [Fact]
    public void Nobody_reading_is_no_error_of_the_daemon()
        => new JournalLogger(new BrokenStream(), true, 0, TimeProvider.System).OptionNotice("x");

    [Fact]
    public void I7_a_condition_is_logged_once_a_minute_after_the_first()
    {
        var time = new StoppedTime();
        var throttle = new LogThrottle(time);
        Assert.True(throttle.Allow("a", out _));
        Assert.True(throttle.Allow("b", out _));
        for (var second = 0; second < 59; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            Assert.False(throttle.Allow("a", out _));
        }
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(throttle.Allow("a", out var suppressed));
        Assert.Equal(59, suppressed);
        throttle.Forget("a");
        Assert.False(throttle.Allow("a", out _));
        time.Advance(TimeSpan.FromMinutes(1));
        throttle.Forget("a");
        Assert.True(throttle.Allow("a", out suppressed));
        Assert.Equal(0, suppressed);
    }

    [Fact]
    public void I7_endlessly_many_conditions_share_one_line()
    {
        var throttle = new LogThrottle(new StoppedTime());
        Assert.Equal(1025, Enumerable.Range(0, 100_000).Count(i => throttle.Allow($"key {i}", out _)));
    }

    [Fact]
    public void No_event_id_is_given_twice()
    {
        var ids = typeof(LogEvents).GetFields().Where(field => field.IsLiteral).Select(field => (field.Name, Id: (int)field.GetRawConstantValue()!)).ToList();
        Assert.NotEmpty(ids);
        Assert.Empty(ids.GroupBy(entry => entry.Id).Where(group => group.Count() > 1).Select(group => string.Join(" and ", group.Select(entry => entry.Name))));
    }

    private static string Write(bool journal, int verbosity, Action<ILogger> write)
    {
        var output = new MemoryStream();
        write(new JournalLogger(output, journal, verbosity, TimeProvider.System));
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private sealed class StoppedTime : TimeProvider
    {
        private long _now = Stopwatch.Frequency;

        public void Advance(TimeSpan by) => _now += (long)(by.TotalSeconds * TimestampFrequency);

        public override long GetTimestamp() => _now;
    }

    private sealed class BrokenStream : MemoryStream
    {
        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("Broken pipe");
    }
}
