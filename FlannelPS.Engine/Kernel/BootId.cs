namespace FlannelPS.Engine.Kernel;

/// <summary>What tells one boot of this machine from another.</summary>
public static class BootId
{
    /// <summary>random(4): /proc/sys/kernel/random/boot_id.</summary>
    /// <exception cref="FileException">/proc is not there.</exception>
    public static Guid Read() => Guid.Parse(Sysctl.Read("kernel/random/boot_id"));
}
