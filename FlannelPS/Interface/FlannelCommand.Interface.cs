using System.Net;
using System.Text.RegularExpressions;
using FlannelPS.Engine.Kernel;

namespace FlannelPS;

/// <remarks>What is said about the interface to other hosts, wherever it is said.</remarks>
public abstract partial class FlannelCommand
{
    /// <summary>Refuses what can be no interface and no regular expression.</summary>
    private protected void RequireInterfaces(string[] interfaces, string[] patterns)
    {
        foreach (var pattern in patterns)
        {
            try
            {
                _ = new Regex(pattern, RegexOptions.CultureInvariant);
            }
            catch (ArgumentException e)
            {
                Fail(FlannelError.NodeOptionInvalid, $"'{Printable(pattern)}' is no regular expression: {e.Message}", pattern, e);
            }
        }
        foreach (var text in interfaces.Where(text => !InterfaceName.IsValid(text) && !IPAddress.TryParse(text, out _)))
            Fail(FlannelError.InterfaceNotFound, $"'{Printable(text)}' is neither an address nor what an interface can be called: 1 to {InterfaceName.MaxLength} bytes without '/', ':' and white space.", text);
    }

    /// <summary>A name that a stranger may have made up, so that it cannot write to the terminal.</summary>
    private static string Printable(string text)
        => string.Concat(text.Take(64).Select(character => char.IsControl(character) ? $@"\x{(int)character:x2}" : character.ToString()));
}
