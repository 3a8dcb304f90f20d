using System.Text.RegularExpressions;

namespace FlannelPS.Diagnostics;

/// <summary>By which names secrets go.</summary>
internal static partial class SecretNames
{
    /// <summary>Parts of such names.</summary>
    public const string Words = "password|passwd|passphrase|secret|token|api[_-]?key|private[_-]?key|preshared[_-]?key|psk|credential|authorization";

    /// <summary>Whether a value of this name is to be kept out of sight.</summary>
    public static bool Has(string name) => Word().IsMatch(name);

    [GeneratedRegex(Words, RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
