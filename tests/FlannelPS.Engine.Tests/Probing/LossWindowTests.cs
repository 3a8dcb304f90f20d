using FlannelPS.Engine.Probing;

namespace FlannelPS.Engine.Tests.Probing;

/// <summary>Loss over the last minute and hour.</summary>
public sealed class LossWindowTests
{
    [Fact]
    public void Nothing_sent_is_no_loss_and_not_zero()
        => Assert.Equal((null, null), (new LossWindow().Minute(TimeSpan.Zero), new LossWindow().Hour(TimeSpan.FromDays(400))));

    [Fact]
    public void A_minute_forgets_after_a_minute_and_an_hour_after_an_hour()
    {
        var window = new LossWindow();
        for (var second = 0; second < 60; second += 3)
            window.Add(TimeSpan.FromSeconds(second), lost: second < 30);
        Assert.Equal((0.5, 0.5), (window.Minute(TimeSpan.FromSeconds(59)), window.Hour(TimeSpan.FromSeconds(59))));
        for (var second = 60; second < 120; second += 3)
            window.Add(TimeSpan.FromSeconds(second), lost: false);
        Assert.Equal((0.0, 0.25), (window.Minute(TimeSpan.FromSeconds(119)), window.Hour(TimeSpan.FromSeconds(119))));
        Assert.Null(window.Minute(TimeSpan.FromSeconds(190)));
        Assert.Equal(0.25, window.Hour(TimeSpan.FromSeconds(3599)));
        Assert.Equal(0.0, window.Hour(TimeSpan.FromSeconds(3600 + 30)));
        Assert.Null(window.Hour(TimeSpan.FromSeconds(2 * 3600 + 60)));
    }

    [Fact]
    public void A_late_answer_takes_its_loss_back_once()
    {
        var window = new LossWindow();
        window.Add(TimeSpan.FromSeconds(10), lost: true);
        window.Add(TimeSpan.FromSeconds(13), lost: true);
        window.Recover(TimeSpan.FromSeconds(10));
        Assert.Equal((0.5, 0.5), (window.Minute(TimeSpan.FromSeconds(14)), window.Hour(TimeSpan.FromSeconds(14))));
        window.Recover(TimeSpan.FromSeconds(10) + TimeSpan.FromHours(5)); // long forgotten
        Assert.Equal(0.5, window.Hour(TimeSpan.FromSeconds(14)));
    }
}
