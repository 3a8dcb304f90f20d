using System.Diagnostics;
using System.Text.Json;

namespace FlannelPS.Checks;

/// <summary>Reads the rules by the tools that made them, in the network namespace of the calling thread. No shell is involved, and nothing is changed.</summary>
internal static class FirewallReader
{
    private const int Patience = 5000;    // ms

    // What iptables' own chains are called in nftables; iptables reads them better.
    private static readonly string[] OfIptables = ["ip filter", "ip nat"];

    /// <summary>Reads them.</summary>
    /// <exception cref="FactsMissingException">No tool is there, or none could read.</exception>
    public static FirewallFacts Read()
    {
        var (tables, nat, problems) = (new List<FirewallTable>(), new List<FirewallTable>(), new List<string>());
        var (iptables, nft) = (HostFactsReader.FindTool("iptables"), HostFactsReader.FindTool("nft"));
        if (iptables is null && nft is null)
            throw new FactsMissingException("Neither nft nor iptables is there to read the rules with.");
        var (isRead, isOnNftables) = (false, iptables is not null && File.ResolveLinkTarget(iptables, returnFinalTarget: true)?.Name.Contains("nft", StringComparison.Ordinal) == true);
        if (iptables is not null && Run(iptables, ["-w", "2", "-S"], problems) is { } text)
        {
            tables.Add(IptablesText.Read("iptables filter", text));
            isRead = true;
        }
        if (iptables is not null && (isOnNftables || HasLegacyRules("nat")) && Run(iptables, ["-w", "2", "-t", "nat", "-S"], problems) is { } sources)
            nat.Add(IptablesText.Read("iptables nat", sources));
        // Rules of the older kind stand beside those of nftables, and count too.
        if (iptables is not null && HostFactsReader.FindTool("iptables-legacy") is { } legacy && HasLegacyRules("filter") && Run(legacy, ["-w", "2", "-S"], problems) is { } older)
            tables.Add(IptablesText.Read("iptables-legacy filter", older));
        if (isOnNftables && HostFactsReader.FindTool("iptables-legacy") is { } second && HasLegacyRules("nat") && Run(second, ["-w", "2", "-t", "nat", "-S"], problems) is { } olderSources)
            nat.Add(IptablesText.Read("iptables-legacy nat", olderSources));
        if (nft is not null && Run(nft, ["-j", "list", "ruleset"], problems) is { } json)
        {
            try
            {
                bool isKnown(string table) => isRead && isOnNftables && OfIptables.Contains(table);
                tables.AddRange(NftablesJson.Read(json, table => IsOwn(table) || isKnown(table)));
                nat.AddRange(NftablesJson.Read(json, isKnown, "nat"));
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
            {
                problems.Add($"nft's list could not be understood: {e.Message}");
            }
            isRead = true;
        }
        // Rules that no tool is there to show may drop what the others let through.
        if (nft is null && (isOnNftables || Directory.Exists("/sys/module/nf_tables")))
            problems.Add("There may be tables of nftables, and nft is not there to read them with.");
        if (iptables is null && HasLegacyRules("filter"))
            problems.Add("There are rules of iptables, and iptables is not there to read them with.");
        return isRead ? new(tables, string.Join(" ", problems)) { Nat = nat } : throw new FactsMissingException($"The rules could not be read: {string.Join(" ", problems)}");
    }

    // A node's own table drops strangers on purpose, and nothing else; whether it is as it should be, the node knows (the check NodeFirewall).
    private static bool IsOwn(string table) => table.StartsWith("ip flannelps-", StringComparison.Ordinal);

    // Asking the older tool loads its modules: only where its table is in use already.
    private static bool HasLegacyRules(string table)
    {
        const string Path = "/proc/thread-self/net/ip_tables_names";
        try
        {
            return File.Exists(Path) && File.ReadLines(Path).Contains(table);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>What a program prints; null where it fails, with the reason.</summary>
    public static string? Run(string program, string[] arguments, List<string> problems)
    {
        var name = $"{Path.GetFileName(program)} {string.Join(' ', arguments)}";
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true })!;
            process.StandardInput.Close();
            var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            if (!process.WaitForExit(Patience))
            {
                process.Kill();
                problems.Add($"{name} gave no answer within {Patience / 1000} s.");
                return null;
            }
            if (process.ExitCode == 0)
                return output.GetAwaiter().GetResult();
            problems.Add($"{name}: {error.GetAwaiter().GetResult().Trim().Split('\n')[0]}.");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            problems.Add($"{name}: {e.Message}.");
        }
        return null;
    }
}
