namespace FlannelPS.SystemTests;

/// <summary>The network state of a host, without its workload and the link-local addresses, and their groups, that the kernel gives every device by itself.</summary>
internal static class Snapshot
{
    public static Task<string> TakeAsync(Host host) => KernelSnapshot.TakeAsync(host.Namespace, "cni0", "w0", "fe80::", "ff00::", "anycast", "33:33:ff");

    /// <summary>What two snapshots differ in, whatever the order; null for nothing.</summary>
    public static string? Difference(string before, string now)
    {
        string[] were = before.Split('\n'), are = now.Split('\n');
        var (missing, added) = (were.Except(are).ToList(), are.Except(were).ToList());
        return missing.Count + added.Count == 0 && were.Length == are.Length ? null : $"\n- {string.Join("\n- ", missing)}\n+ {string.Join("\n+ ", added)}";
    }

    /// <summary>Fails with the lines that differ.</summary>
    public static void AssertSame(string before, string now) => Assert.True(before == now, Difference(before, now) ?? "the order differs");
}
