namespace FlannelPS;

/// <summary>How grave a line of the log or an event is.</summary>
public enum FlannelLogLevel
{
    /// <summary>A detail; only written with <c>-LogLevel 1</c> or more.</summary>
    Debug,

    /// <summary>Something changed, as it should.</summary>
    Information,

    /// <summary>Something an operator may want to look at.</summary>
    Warning,

    /// <summary>Something does not work.</summary>
    Error,

    /// <summary>Nothing works.</summary>
    Critical,
}
