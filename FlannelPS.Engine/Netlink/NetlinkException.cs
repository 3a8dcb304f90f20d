namespace FlannelPS.Engine.Netlink;

/// <summary>The kernel refused a request: <c>RTM_NEWROUTE 10.5.2.0/24 dev flannel.1: ENETUNREACH (Nexthop has invalid gateway)</c>.</summary>
/// <param name="operation">Message, object and device.</param>
/// <param name="errno">The kernel's answer.</param>
/// <param name="kernelMessage">The kernel's own words, if it had any.</param>
public sealed class NetlinkException(string operation, int errno, string? kernelMessage)
    : Exception($"{operation}: {Kernel.Errno.Name(errno)}{(kernelMessage is null ? "" : $" ({kernelMessage})")}")
{
    /// <summary>Message, object and device.</summary>
    public string Operation { get; } = operation;

    /// <summary>The kernel's answer, <see cref="Kernel.Errno"/>.</summary>
    public int Errno { get; } = errno;

    /// <summary>The kernel's own words (extended ack), if it had any.</summary>
    public string? KernelMessage { get; } = kernelMessage;

    /// <summary>Whether the kernel is as asked all the same: "exists" on a put, "not there" (the device included) on a delete.</summary>
    public bool IsAlreadyDone { get; init; }
}
