namespace FlannelPS.Engine.Hosting;

/// <summary>What the process ends with.</summary>
public static class ExitCode
{
    /// <summary>Asked to end, or nothing to do.</summary>
    public const int Ok = 0;

    /// <summary>It could not do what it was started for; the last line on stderr says why.</summary>
    public const int Failed = 1;

    /// <summary>The command line or a FLANNELD_ variable is wrong; nothing was touched.</summary>
    public const int Usage = 2;
}
