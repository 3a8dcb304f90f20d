using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Netlink;

/// <summary>A request of a batch that the kernel refused. The others were carried out.</summary>
/// <param name="Index">Its place in the batch, from 0.</param>
/// <param name="Request">The request.</param>
/// <param name="Errno">The kernel's answer, <see cref="Kernel.Errno"/>; ENOBUFS when the answer itself was lost.</param>
/// <param name="KernelMessage">The kernel's own words (extended ack), if it had any.</param>
/// <param name="DeviceName">Name of the request's device; null when it has none, or the device is gone.</param>
public readonly record struct NetlinkFailure(int Index, NetlinkRequest Request, int Errno, string? KernelMessage, string? DeviceName)
{
    /// <summary>Whether the kernel is as asked all the same: "exists" on a put, "not there" (the device included) on a delete.</summary>
    public bool IsAlreadyDone => Request.MeansAlreadyDone(Errno);

    /// <summary>Message, object and device: <c>RTM_NEWROUTE 10.5.2.0/24 dev flannel.1</c>.</summary>
    public string Operation => Request.Describe(DeviceName);

    /// <summary>The same as an exception.</summary>
    public NetlinkException ToException() => new(Operation, Errno, KernelMessage) { IsAlreadyDone = IsAlreadyDone };

    /// <summary>One line for a log.</summary>
    public override string ToString() => ToException().Message;
}
