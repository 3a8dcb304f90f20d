using System.Threading.Channels;
using FlannelPS.Engine.Netlink;

namespace FlannelPS.Engine.Node;

/// <summary>Follows the way to other hosts while the node runs: its address, its MTU, the interface made anew, or another one (F42).</summary>
/// <param name="look">Looks at the host, given the choice so far.</param>
/// <param name="first">What the node started with.</param>
/// <param name="gone">Told at once when the interface in use is taken away, on the monitor's thread.</param>
/// <param name="time">The clock.</param>
internal sealed class UnderlayFollower(Func<ExternalInterface, UnderlayView> look, UnderlayView first, Action<string> gone, TimeProvider time)
{
    /// <summary>A change is rarely one notification: address, route and link come one after another.</summary>
    private static readonly TimeSpan Settle = TimeSpan.FromMilliseconds(100);

    /// <summary>Another interface is taken only when it is still the choice after so long: an interface that is made anew comes back.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    /// <summary>Looked at again without any reason.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(30);

    private readonly Channel<bool> _wake = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    private volatile UnderlayView _view = first;
    private volatile ExternalInterface _used = first.Interface!;

    /// <summary>Takes a kernel notification.</summary>
    public void Observe(KernelNotification notification)
    {
        if (!UnderlayView.Concerns(notification, _view.Interface))
            return;
        if (notification is KernelNotification.LinkChanged(var link, Removed: true) && link.Index == _view.Interface?.Link.Index)
        {
            // Whatever comes after it is a change, even if it looks the same.
            var problem = $"the interface {link.Name} is gone";
            _view = new(null, null, problem);
            gone(problem);
        }
        _wake.Writer.TryWrite(true);
    }

    /// <summary>Follows until cancelled.</summary>
    /// <param name="changed">Told of each new view.</param>
    /// <param name="looked">Told after each look, changed or not.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="NetlinkException">The kernel refuses to be read.</exception>
    public async Task FollowAsync(Action<UnderlayView> changed, Action looked, CancellationToken cancellationToken)
    {
        while (true)
        {
            var view = look(_used);
            if (!view.IsSame(_view) && await IsLastingAsync(view, cancellationToken).ConfigureAwait(false))
            {
                _view = view;
                _used = view.Interface ?? _used;
                changed(view);
            }
            looked();
            await WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<bool> IsLastingAsync(UnderlayView view, CancellationToken cancellationToken)
    {
        if (view.Interface is not { } other || other.Link.Name == _used.Link.Name)
            return true;
        await Task.Delay(Patience, time, cancellationToken).ConfigureAwait(false);
        var isLasting = look(_used).IsSame(view);
        if (!isLasting)
            _wake.Writer.TryWrite(true);
        return isLasting;
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        using var alarm = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(static state => ((CancellationTokenSource)state!).Cancel(), alarm, Period, Timeout.InfiniteTimeSpan);
        try
        {
            await _wake.Reader.ReadAsync(alarm.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return;    // the period is over
        }
        await Task.Delay(Settle, time, cancellationToken).ConfigureAwait(false);
        _wake.Reader.TryRead(out _);
    }
}
