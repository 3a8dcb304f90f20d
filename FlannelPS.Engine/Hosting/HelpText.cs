using System.CommandLine;
using System.Text;

namespace FlannelPS.Engine.Hosting;

/// <summary>The text of <c>--help</c>.</summary>
internal static class HelpText
{
    private const int Column = 40;

    /// <summary>All flags in their groups, with defaults.</summary>
    public static string Render(DaemonFlags flags)
    {
        var text = new StringBuilder("""
            flannelpsd keeps this host's flannel subnet lease in etcd and the kernel's routes to all other hosts.

            Usage: flannelpsd [flags]

            One dash or two, -flag value or -flag=value. Each flag can also come from the environment: --etcd-prefix is
            FLANNELD_ETCD_PREFIX; the command line wins. Without flags it uses etcd on this host.


            """);
        foreach (var (title, members) in flags.Groups)
        {
            text.Append(title).Append(":\n");
            if (title.StartsWith("Accepted", StringComparison.Ordinal))
                Names(text, members);
            else
                members.ForEach(flag => Line(text, flag));
            text.Append('\n');
        }
        text.Append("Exit codes: 0 asked to end, 1 could not run (the last line says why), 2 wrong flag or value.\n");
        return text.ToString();
    }

    private static void Line(StringBuilder text, Option flag)
    {
        var left = $"  {flag.Name}{(flag.HelpName is null ? "" : " " + flag.HelpName)}";
        text.Append(left.PadRight(Column));
        if (left.Length >= Column)
            text.Append('\n').Append(' ', Column);
        text.Append(flag.Description);
        var fallback = flag.Arity.MaximumNumberOfValues == 0 || flag is Option<string[]> or Option<System.Net.IPNetwork[]> ? null : flag.GetDefaultValue()?.ToString();
        if (fallback is { Length: > 0 } and not "False")
            text.Append(" (default ").Append(flag is Option<bool> ? "true" : fallback).Append(')');
        text.Append('\n');
    }

    /// <summary>Flags without effect: their names are enough.</summary>
    private static void Names(StringBuilder text, List<Option> flags)
    {
        var width = 0;
        foreach (var flag in flags)
        {
            if (width == 0 || width + flag.Name.Length > 100)
            {
                text.Append(width == 0 ? " " : "\n ");
                width = 2;
            }
            text.Append(' ').Append(flag.Name);
            width += flag.Name.Length + 1;
        }
        text.Append('\n');
    }
}
