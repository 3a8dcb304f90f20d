using System.Text.RegularExpressions;

namespace FlannelPS.Engine.Tests;

/// <summary>What the design says of the code's shape, read from the code.</summary>
public sealed partial class SourceTests
{
    /// <summary>What each folder of the engine may use.</summary>
    private static readonly Dictionary<string, string[]> MayUse = new()
    {
        ["Kernel"] = [],
        ["Netlink"] = ["Kernel"],
        ["Etcd"] = ["Kernel"],
        ["Leases"] = ["Etcd", "Kernel"],
        ["DataPath"] = ["Kernel"],
        ["Backends"] = ["Leases", "Netlink"],
        ["Firewall"] = ["Leases", "Netlink", "Kernel"],
        ["Reconcile"] = ["DataPath", "Backends", "Leases", "Netlink", "Kernel"],
        ["Probing"] = ["Reconcile", "DataPath", "Backends", "Leases", "Netlink", "Kernel"],
        ["Node"] = ["Probing", "Firewall", "Reconcile", "DataPath", "Backends", "Leases", "Etcd", "Netlink", "Kernel"],
        ["Hosting"] = ["Node", "Probing", "Firewall", "Reconcile", "DataPath", "Backends", "Leases", "Etcd", "Netlink", "Kernel"],
    };

    [Fact]
    public void Dependencies_point_one_way()
    {
        var wrong = new List<string>();
        foreach (var file in SourceTree.Files("FlannelPS.Engine"))
        {
            var path = Path.GetRelativePath(Path.Combine(SourceTree.Root, "FlannelPS.Engine"), file);
            if (!path.Contains('/'))
                continue;
            var folder = path[..path.IndexOf('/')];
            if (!MayUse.TryGetValue(folder, out var allowed))
            {
                wrong.Add($"{path}: the folder {folder} has no place in the order yet");
                continue;
            }
            foreach (Match match in Namespace().Matches(WithoutComments(File.ReadAllText(file))))
                if (match.Groups[1].Value is var used && used != folder && MayUse.ContainsKey(used) && !allowed.Contains(used))
                    wrong.Add($"{path}: {match.Value}");
        }
        Assert.Empty(wrong);
    }

    [Fact]
    public void Every_log_line_has_an_id_of_its_own_in_the_block_of_its_folder()
    {
        var ids = new Dictionary<string, int>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "FlannelPS.Engine"), "LogEvents*.cs"))
            foreach (Match match in Constant().Matches(File.ReadAllText(file)))
                ids.Add(match.Groups[1].Value, int.Parse(match.Groups[2].Value));
        Assert.Equal(ids.Count, ids.Values.Distinct().Count());

        var used = new List<string>();
        foreach (var file in SourceTree.Files("FlannelPS.Engine"))
        {
            foreach (Match match in LogLine().Matches(File.ReadAllText(file)))
            {
                Assert.True(match.Groups[1].Value.StartsWith("LogEvents.", StringComparison.Ordinal), $"{file}: {match.Value} has no id from LogEvents");
                used.Add(match.Groups[1].Value["LogEvents.".Length..]);
            }
        }
        Assert.NotEmpty(used);
        Assert.Equal(used.Count, used.Distinct().Count());
        Assert.Equal(ids.Keys.Order(), used.Order());
    }

    private static string WithoutComments(string code) => Comment().Replace(code, "");

    [GeneratedRegex(@"//.*")]
    private static partial Regex Comment();

    // "using FlannelPS.Engine.X", and "Engine.X.Y" or "X.Y" written out.
    [GeneratedRegex(@"(?<![\w.])(?:(?:FlannelPS\.)?Engine\.(?=\w)|(?=Kernel|Netlink|Etcd|Leases|Backends|DataPath|Firewall|Reconcile|Probing|Hosting))(Kernel|Netlink|Etcd|Leases|Backends|DataPath|Firewall|Reconcile|Probing|Node|Hosting)(?=[.;])")]
    private static partial Regex Namespace();

    [GeneratedRegex(@"public const int (\w+) = (\d+);")]
    private static partial Regex Constant();

    [GeneratedRegex(@"\[LoggerMessage\(([^,)]+)")]
    private static partial Regex LogLine();
}
