#pragma warning disable CA1848    // what is logged here is looked at, not how quickly

using System.Text.Json;
using FlannelPS.Engine.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class EventRingTests
{
    private static readonly EventQuery All = new(0, DateTimeOffset.MinValue, LogLevel.Information, TimeSpan.Zero);
    private readonly EventRing _ring = new(NullLogger.Instance, TimeProvider.System);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Events_are_found_by_number_time_and_level()
    {
        _ring.LogInformation("one");
        _ring.LogDebug("no event");
        _ring.LogWarning("two");
        Assert.Equal(["one", "two"], Messages(All));
        Assert.Equal(["two"], Messages(All with { After = 1 }));
        Assert.Equal(["two"], Messages(All with { Minimum = LogLevel.Warning }));
        Assert.Empty(Messages(All with { Since = DateTimeOffset.UtcNow.AddMinutes(1) }));
    }

    [Fact]
    public async Task Who_waits_gets_the_next_event_at_once_and_nothing_when_time_is_up()
    {
        var waiting = _ring.FindAsync(All with { Minimum = LogLevel.Warning, Wait = TimeSpan.FromSeconds(30) }, Cancel);
        _ring.LogInformation("not this one");
        await Task.Delay(50, Cancel);
        Assert.False(waiting.IsCompleted);
        _ring.LogWarning("this one");
        Assert.Equal("this one", Assert.Single(await waiting.WaitAsync(TimeSpan.FromSeconds(5), Cancel)).Message);
        Assert.Empty(await _ring.FindAsync(All with { After = 2, Wait = TimeSpan.FromMilliseconds(30) }, Cancel));
    }

    [Fact]
    public async Task Who_waits_is_let_go_when_the_daemon_stops()
    {
        using var stop = new CancellationTokenSource();
        var waiting = _ring.FindAsync(All with { Wait = TimeSpan.FromSeconds(30) }, stop.Token);
        await stop.CancelAsync();
        Assert.Empty(await waiting.WaitAsync(TimeSpan.FromSeconds(5), Cancel));
    }

    [Theory]
    [InlineData("{}", 0, LogLevel.Information, 0)]
    [InlineData("""{"after":7,"level":"warning","wait":3}""", 7, LogLevel.Warning, 3)]
    [InlineData("""{"after":null,"wait":1e9}""", 0, LogLevel.Information, 10)]
    [InlineData("[]", 0, LogLevel.Information, 0)]
    public void Arguments_are_read(string json, long after, LogLevel minimum, double wait)
        => Assert.Equal(new EventQuery(after, DateTimeOffset.MinValue, minimum, TimeSpan.FromSeconds(wait)), EventQuery.Parse(Parse(json)));

    [Theory]
    [InlineData("""{"after":-1}""", "after")]
    [InlineData("""{"after":"1"}""", "after")]
    [InlineData("""{"after":1e300}""", "after")]
    [InlineData("""{"level":"loud"}""", "level")]
    [InlineData("""{"level":"7"}""", "level")]
    [InlineData("""{"level":3}""", "level")]
    [InlineData("""{"since":"yesterday"}""", "since")]
    [InlineData("""{"wait":true}""", "wait")]
    public void F81_arguments_that_are_none_are_refused_by_name(string json, string name)
    {
        var error = Assert.Throws<ControlException>(() => EventQuery.Parse(Parse(json)));
        Assert.Equal(ControlException.BadArgument, error.Id);
        Assert.Contains($"'{name}'", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"components":["Lease","SubnetFile"]}""", "Lease, SubnetFile")]
    [InlineData("{}", "All")]
    [InlineData("""{"components":[]}""", null)]
    [InlineData("""{"components":["Nonsense"]}""", null)]
    [InlineData("""{"components":["All"]}""", null)]
    [InlineData("""{"components":[3]}""", null)]
    [InlineData("""{"components":"Lease"}""", null)]
    public void The_parts_of_a_repair_are_read(string json, string? parts)
    {
        if (parts is null)
            Assert.Equal(ControlException.BadArgument, Assert.Throws<ControlException>(() => ControlArguments.Parts(Parse(json))).Id);
        else
            Assert.Equal(parts, ControlArguments.Parts(Parse(json)).ToString());
    }

    private static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private IEnumerable<string> Messages(EventQuery query) => _ring.Find(query).Select(item => item.Message);
}
