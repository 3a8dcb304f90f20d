using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace FlannelPS;

/// <summary>Completes the names of this host's interfaces.</summary>
public sealed class InterfaceCompleter : IArgumentCompleter
{
    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
        => Completion.Ask(wordToComplete, _ => Task.FromResult<IEnumerable<(string, string)>>(
            NetworkInterface.GetAllNetworkInterfaces().Where(link => link.NetworkInterfaceType != NetworkInterfaceType.Loopback).Select(link => (link.Name, Addresses(link))).ToList()));

    private static string Addresses(NetworkInterface link)
        => string.Join(' ', link.GetIPProperties().UnicastAddresses.Select(address => address.Address).Where(address => address.AddressFamily == AddressFamily.InterNetwork));
}
