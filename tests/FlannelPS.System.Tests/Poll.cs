using System.Diagnostics;

namespace FlannelPS.SystemTests;

/// <summary>Waits for what must come, and says how long it took.</summary>
internal static class Poll
{
    /// <summary>Waits until a condition holds.</summary>
    /// <param name="what">What is waited for; begins the failure's message.</param>
    /// <param name="condition">Null when it holds, else what is seen instead.</param>
    /// <param name="seconds">How long at most.</param>
    public static async Task<TimeSpan> UntilAsync(string what, Func<Task<string?>> condition, double seconds = 10)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            string? instead;
            try
            {
                instead = await condition();
            }
            catch (Exception notYet) when (notYet is System.Net.Sockets.SocketException or HttpRequestException or IOException or InvalidOperationException)
            {
                instead = notYet.Message;
            }

            if (instead is null)
            {
                return clock.Elapsed;
            }

            if (clock.Elapsed.TotalSeconds > seconds)
            {
                Assert.Fail($"{what} did not come in {seconds} s; instead: {instead}");
            }

            await Task.Delay(5);
        }
    }

    /// <summary>Waits until a condition holds.</summary>
    public static Task<TimeSpan> UntilAsync(string what, Func<bool> condition, double seconds = 10, Func<string>? instead = null) =>
        UntilAsync(what, () => Task.FromResult(condition() ? null : instead?.Invoke() ?? "nothing"), seconds);
}
