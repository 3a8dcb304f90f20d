using System.Text.RegularExpressions;

namespace FlannelPS.Engine.Node;

/// <summary>A regular expression that gives up after a while, however it was written.</summary>
/// <remarks>The constructor that takes a time limit takes options too, and with them two engines that nobody asks for here: a quarter of a megabyte of the native daemon.</remarks>
internal sealed class BoundedPattern : Regex
{
    /// <summary>How long one match may take.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(200);

    /// <exception cref="RegexParseException">It is none.</exception>
    public BoundedPattern(string pattern)
        : base(pattern) => internalMatchTimeout = Limit;
}
