namespace FlannelPS;

/// <summary>How a check ended.</summary>
public enum FlannelTestStatus
{
    /// <summary>It is as it should be.</summary>
    Pass,

    /// <summary>It works, and may not be what was meant.</summary>
    Warn,

    /// <summary>It is wrong.</summary>
    Fail,

    /// <summary>It was not looked at; the message says why.</summary>
    Skip,
}
