#pragma warning disable CA1848, CA1873    // what is logged here is looked at, not how quickly

using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Tests.Hosting;

/// <summary>What <see cref="JournalLogger"/> writes is read again.</summary>
public sealed class LogReadingTests : IDisposable
{
    private static readonly LogFilter All = new("Debug", null, null, false);
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-").FullName;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string LogPath => Path.Join(_folder, "blue.log");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task What_the_logger_writes_is_read_with_time_level_id_and_text_over_a_rotation()
    {
        using (var file = new CappedFile(LogPath, 250))
        {
            var logger = new JournalLogger(file, 4, TimeProvider.System);
            foreach (var level in new[] { LogLevel.Debug, LogLevel.Information, LogLevel.Warning, LogLevel.Error, LogLevel.Critical })
                logger.Log(level, new EventId(2000 + (int)level), $"text of\n{level}", null, (state, _) => state);
            logger.LogInformation("[not an id] at all");
        }
        Assert.True(File.Exists(LogPath + ".1"));
        var lines = await ReadAsync(All);
        Assert.Equal(["Debug", "Information", "Warning", "Error", "Critical", "Information"], lines.Select(line => line.Level));
        Assert.Equal([2001, 2002, 2003, 2004, 2005, 0], lines.Select(line => line.Id));
        Assert.Equal(@"text of\nWarning", lines[2].Message);
        Assert.Equal("[not an id] at all", lines[5].Message);
        Assert.All(lines, line => Assert.InRange(DateTimeOffset.UtcNow - line.Time!.Value, TimeSpan.FromSeconds(-1), TimeSpan.FromMinutes(1)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2026-01-02T10:00:00.000Z")]
    [InlineData("2026-01-02T10:00:00.000Z loud  text")]
    [InlineData("2026-13-02T10:00:00.000Z info  text")]
    [InlineData("Unhandled exception. System.OutOfMemoryException")]
    public void A_line_of_somebody_else_is_an_error_without_a_time(string text)
        => Assert.Equal(new LogLine(null, "Error", 0, text), LogLine.Parse(text));

    [Fact]
    public async Task A_file_put_aside_between_two_looks_is_read_once()
    {
        await File.WriteAllTextAsync(LogPath, Line("one"), Cancel);
        File.CreateSymbolicLink(LogPath + ".x", LogPath);
        await Assert.ThrowsAsync<FileRefusedException>(async () => await LogFile.ReadAsync(LogPath + ".x", All, Cancel).FirstAsync(Cancel));
        // The same file under both names, as it is for a moment while it is renamed.
        using (var link = System.Diagnostics.Process.Start("ln", [LogPath, LogPath + ".1"]))
            await link.WaitForExitAsync(Cancel);
        Assert.Equal(["one"], (await ReadAsync(All)).Select(line => line.Message));
    }

    [Fact]
    public async Task What_is_added_is_told_and_half_a_line_only_when_it_is_whole()
    {
        await File.WriteAllTextAsync(LogPath, Line("one"), Cancel);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        end.CancelAfter(TimeSpan.FromSeconds(20));
        var lines = LogFile.ReadAsync(LogPath, All with { Follow = true }, end.Token).GetAsyncEnumerator(end.Token);
        Assert.True(await lines.MoveNextAsync());
        var second = Line("two");
        await File.AppendAllTextAsync(LogPath, second[..30], Cancel);
        var next = lines.MoveNextAsync().AsTask();
        await Task.Delay(500, Cancel);
        Assert.False(next.IsCompleted);
        await File.AppendAllTextAsync(LogPath, second[30..], Cancel);
        Assert.True(await next);
        Assert.Equal("two", lines.Current.Message);
        await lines.DisposeAsync();
    }

    [Theory]
    [InlineData("""{"MESSAGE":"[2003] Acquired","PRIORITY":"6","__REALTIME_TIMESTAMP":"1767348000000000"}""", "Information 2003 Acquired")]
    [InlineData("""{"MESSAGE":"x","PRIORITY":"3","__REALTIME_TIMESTAMP":"1767348000000000"}""", "Error 0 x")]
    [InlineData("""{"MESSAGE":"x","__REALTIME_TIMESTAMP":"1767348000000000"}""", "Information 0 x")]
    [InlineData("""{"MESSAGE":[104,195,169,300],"PRIORITY":"7","__REALTIME_TIMESTAMP":"1767348000000000"}""", "Debug 0 hé?")]
    [InlineData("""{"MESSAGE":null,"PRIORITY":"7","__REALTIME_TIMESTAMP":"1767348000000000"}""", null)]
    [InlineData("""{"MESSAGE":"x"}""", null)]
    [InlineData("""{"MESSAGE":"x","__REALTIME_TIMESTAMP":"999999999999999999"}""", null)]
    [InlineData("[]", null)]
    [InlineData("-- No entries --", null)]
    public void An_entry_of_the_journal_is_read(string json, string? expected)
    {
        var line = Journal.Parse(json);
        Assert.Equal(expected, line is null ? null : $"{line.Level} {line.Id} {line.Message}");
        if (line is not null)
            Assert.Equal(new DateTimeOffset(2026, 1, 2, 10, 0, 0, TimeSpan.Zero), line.Time);
    }

    private static string Line(string text) => $"2026-01-02T10:00:00.000Z info  [1] {text}\n";

    private async Task<List<LogLine>> ReadAsync(LogFilter filter)
    {
        var lines = new List<LogLine>();
        await foreach (var line in LogFile.ReadAsync(LogPath, filter, Cancel))
            lines.Add(line);
        return lines;
    }
}

file static class AsyncSequence
{
    public static async Task<T> FirstAsync<T>(this IAsyncEnumerable<T> items, CancellationToken cancellationToken)
    {
        await foreach (var item in items.WithCancellation(cancellationToken))
            return item;
        throw new InvalidOperationException("There is none.");
    }
}
