namespace FlannelPS.Engine.Hosting;

/// <summary>The daemon cannot start. The message is the one line that says what, why and what to do.</summary>
/// <param name="message">One line.</param>
/// <param name="inner">What was caught.</param>
public sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);
