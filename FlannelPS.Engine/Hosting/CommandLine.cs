using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;
using System.Reflection;
using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Hosting;

/// <summary>What became of a command line: options to run with, or an end with its text.</summary>
/// <param name="Options">Null when the process is to end.</param>
/// <param name="Notices">For the log: what was accepted without full effect.</param>
/// <param name="ExitCode">When there are no options.</param>
/// <param name="Output">For standard output: help or version.</param>
/// <param name="Error">For standard error: one line.</param>
public sealed record CommandLineResult(DaemonOptions? Options, IReadOnlyList<string> Notices, int ExitCode = 0, string? Output = null, string? Error = null);

/// <summary>Reads the command line as Go's flag package does, and FLANNELD_ variables behind it.</summary>
/// <remarks>
/// One or two dashes; <c>-flag value</c> (whatever the value begins with) and <c>-flag=value</c>; a switch never takes the next argument.
/// Unlike the original an unknown flag, a wrong value and a wrong variable are exit code 2: a daemon that silently runs with
/// something else than was written is worse than one that says so at once.
/// </remarks>
public static class CommandLine
{
    private const string Program = "flannelpsd";

    /// <summary>The version, without a build's commit.</summary>
    public static string Version
        => typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0.0.0";

    /// <summary>Reads and checks. Touches nothing.</summary>
    /// <param name="args">The arguments.</param>
    /// <param name="environment">Value of a variable; null where it is not set.</param>
    public static CommandLineResult Parse(IReadOnlyList<string> args, Func<string, string?> environment)
    {
        var flags = new DaemonFlags();
        var byName = flags.All.ToDictionary(flag => flag.Name[2..]);
        if (!GoArguments.TryNormalize(args, byName, out var tokens, out var given, out var problem))
            return Usage(problem);
        if (given.Contains("help"))
            return new(null, [], ExitCode.Ok, HelpText.Render(flags));
        if (given.Contains("version") && Read(flags, tokens).GetValue(flags.Version))
            return new(null, [], ExitCode.Ok, $"{Program} {Version}\n");

        var fromEnvironment = new Dictionary<string, string>();
        foreach (var (name, flag) in byName.Where(entry => !given.Contains(entry.Key) && entry.Key is not "help" and not "version"))
        {
            var variable = "FLANNELD_" + name.ToUpperInvariant().Replace('-', '_');
            if (environment(variable) is not { Length: > 0 } value)
                continue;
            fromEnvironment[name] = variable;
            if (!GoArguments.TryAppend(tokens, flag, value))
                return Usage($"{Label(name, fromEnvironment)}: '{value}' is not true or false");
        }

        var parsed = Read(flags, tokens);
        if (parsed.Errors.Count > 0)
            return Usage(Describe(parsed.Errors[0], fromEnvironment));
        return Build(flags, parsed, given, fromEnvironment);
    }

    private static CommandLineResult Build(DaemonFlags flags, ParseResult parsed, HashSet<string> given, Dictionary<string, string> fromEnvironment)
    {
        if (parsed.GetValue(flags.KubeSubnetManager))
            return new(null, [], ExitCode.Failed, null, "kube-subnet-mgr is not supported: FlannelPS keeps its leases in etcd or a local: store, not in Kubernetes.");
        if (parsed.GetValue(flags.RenewMargin) is < 1 or > 1439)
            return new(null, [], ExitCode.Failed, null, $"subnet-lease-renew-margin is {parsed.GetValue(flags.RenewMargin)} minutes; it must be 1 to 1439.");
        if (Text(flags.Name) is { } name && !InstanceName.IsValid(name))
            return Usage($"{Label("name", fromEnvironment)}: '{name}' must be {InstanceName.Rule}");
        var configFile = Text(flags.SetConfig);
        var cleanup = parsed.GetValue(flags.Cleanup);
        if (configFile is not null && cleanup)
            return Usage("--set-config and --cleanup cannot be used together");
        if ((Text(flags.CertFile) is null) != (Text(flags.KeyFile) is null))
            return Usage("etcd-certfile and etcd-keyfile must be given together");
        var endpoints = Text(flags.Endpoints)?.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? [];
        if (endpoints.Length == 0)
            return Usage($"{Label("etcd-endpoints", fromEnvironment)}: no endpoint given");
        if (Text(flags.SubnetFile) is not { } subnetFile || !IsFilePath(subnetFile))
            return Usage($"{Label("subnet-file", fromEnvironment)}: not the path of a file");
        subnetFile = Path.GetFullPath(subnetFile);
        var logFile = Text(flags.LogFile);
        if (logFile is not null && !IsFilePath(logFile))
            return Usage($"{Label("log_file", fromEnvironment)}: not the path of a file");
        if (parsed.GetValue(flags.UdpOffload) is not ("auto" or "off"))
            return Usage($"{Label("udp-offload", fromEnvironment)}: '{parsed.GetValue(flags.UdpOffload)}' is neither auto nor off");
        if (parsed.GetValue(flags.TxChecksumOffload) is not ("auto" or "on" or "off"))
            return Usage($"{Label("tx-checksum-offload", fromEnvironment)}: '{parsed.GetValue(flags.TxChecksumOffload)}' is neither auto nor on nor off");

        List<string> notices = [];
        if (!parsed.GetValue(flags.IpMasq) && parsed.GetValue(flags.NoMasquerade)!.Length > 0)
            notices.Add("no-masq-prefix has no effect without ip-masq.");
        if (given.Contains("etcd-password"))
            notices.Add("A password on the command line can be read in the process list; set FLANNELD_ETCD_PASSWORD instead.");

        var port = parsed.GetValue(flags.HealthPort);
        return new(new DaemonOptions
        {
            Task = configFile is not null ? DaemonTask.SetConfig : cleanup ? DaemonTask.Cleanup : DaemonTask.Run,
            Name = Text(flags.Name) ?? InstanceName.FromSubnetFile(subnetFile),
            ConfigFile = configFile,
            Store = new StoreOptions
            {
                Endpoints = endpoints,
                CaFile = Text(flags.CaFile),
                CertFile = Text(flags.CertFile),
                KeyFile = Text(flags.KeyFile),
                Username = Text(flags.Username),
                Password = Text(flags.Password),
            },
            Prefix = parsed.GetValue(flags.Prefix)!,
            Interface = new(
                parsed.GetValue(flags.Interfaces)!, parsed.GetValue(flags.Patterns)!, parsed.GetValue(flags.CanReach),
                parsed.GetValue(flags.PublicIp), parsed.GetValue(flags.PublicIpV6)),
            SubnetFile = subnetFile,
            LeaseTtlSeconds = parsed.GetValue(flags.LeaseTtl),
            LeaseRenewMargin = TimeSpan.FromMinutes(parsed.GetValue(flags.RenewMargin)),
            IpMasq = parsed.GetValue(flags.IpMasq),
            IpMasqFullyRandomDisable = parsed.GetValue(flags.FullyRandomDisable),
            ForwardRules = parsed.GetValue(flags.ForwardRules),
            NoMasquerade = parsed.GetValue(flags.NoMasquerade)!,
            StrictPeers = parsed.GetValue(flags.StrictPeers),
            Resync = TimeSpan.FromSeconds(parsed.GetValue(flags.Resync)),
            Probe = parsed.GetValue(flags.Probe),
            BlackholeRoute = parsed.GetValue(flags.Blackhole),
            UdpOffload = parsed.GetValue(flags.UdpOffload) == "auto",
            TxChecksumOffload = parsed.GetValue(flags.TxChecksumOffload) switch { "on" => true, "off" => false, _ => null },
            AllowOverlap = parsed.GetValue(flags.AllowOverlap),
            Replace = parsed.GetValue(flags.Replace),
            Health = port == 0 ? null : new IPEndPoint(parsed.GetValue(flags.HealthIp) ?? IPAddress.Any, port),
            Metrics = parsed.GetValue(flags.MetricsPort) is > 0 and var metrics ? new IPEndPoint(IPAddress.Loopback, metrics) : null,
            SocketGroup = Text(flags.SocketGroup),
            Verbosity = parsed.GetValue(flags.Verbosity),
            LogFile = logFile is null ? null : Path.GetFullPath(logFile),
            LogFileMaxSize = parsed.GetValue(flags.LogFileMaxSize) * 1048576L,
        }, notices);

        string? Text(Option<string> flag) => parsed.GetValue(flag) is { Length: > 0 } text ? text : null;
    }

    private static bool IsFilePath(string path) => !path.AsSpan().ContainsAny('\0', '\n') && !path.EndsWith('/');

    private static ParseResult Read(DaemonFlags flags, List<string> tokens)
    {
        var root = new RootCommand(Program);
        root.Options.Clear();
        root.Directives.Clear();
        foreach (var flag in flags.All)
            root.Options.Add(flag);
        return root.Parse(tokens, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
    }

    private static CommandLineResult Usage(string problem)
        => new(null, [], ExitCode.Usage, null, $"{Program}: {OneLine(problem)}. Try {Program} --help.");

    private static string Describe(ParseError error, Dictionary<string, string> fromEnvironment)
    {
        var symbol = error.SymbolResult;
        while (symbol is not null and not OptionResult)
            symbol = symbol.Parent;
        return symbol is OptionResult option ? $"{Label(option.Option.Name[2..], fromEnvironment)}: {error.Message}" : error.Message;
    }

    private static string Label(string flag, Dictionary<string, string> fromEnvironment)
        => fromEnvironment.TryGetValue(flag, out var variable) ? $"variable {variable}" : $"--{flag}";

    private static string OneLine(string text)
    {
        var line = new StringBuilder(Math.Min(text.Length, 400));
        foreach (var character in text.Length > 400 ? text.AsSpan(0, 400) : text)
            line.Append(char.IsControl(character) ? '?' : character);
        return line.ToString();
    }
}
