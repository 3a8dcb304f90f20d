using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Node;

namespace FlannelPS;

/// <summary>What a daemon is started with: flags, and FLANNELD_ variables, which hold the secrets.</summary>
/// <param name="Name">The instance's name.</param>
/// <param name="Flags">flannelpsd's flags, without <c>--name</c> and <c>--log_file</c>.</param>
/// <param name="Variables">FLANNELD_ variables.</param>
internal sealed record NodeSettings(string Name, IReadOnlyList<string> Flags, IReadOnlyDictionary<string, string> Variables)
{
    private static readonly string[] OwnFlags = ["--name=", "--log_file="];

    /// <summary>Where a detached node's log is.</summary>
    public static string LogFile(string name) => $"/var/log/flannelps/{name}.log";

    /// <summary>The name that a node has by its settings.</summary>
    public static string NameOf(IReadOnlyDictionary<string, string> variables)
        => variables.GetValueOrDefault("FLANNELD_NAME") ?? InstanceName.FromSubnetFile(variables.GetValueOrDefault("FLANNELD_SUBNET_FILE") ?? InstanceName.DefaultSubnetFile);

    /// <summary>All flags of the daemon.</summary>
    public IReadOnlyList<string> Arguments(params IEnumerable<string> more) => [$"--name={Name}", .. Flags, .. more];

    /// <summary>What is wrong with them, in one line; null when a daemon would take them.</summary>
    public string? Problem()
    {
        var parsed = CommandLine.Parse(Arguments(), name => Variables.GetValueOrDefault(name));
        return parsed.Options is null ? parsed.Error ?? "These flags do not run a node." : null;
    }

    /// <summary>What a running daemon was started with.</summary>
    /// <exception cref="IOException">The process is gone.</exception>
    /// <exception cref="UnauthorizedAccessException">It is another user's.</exception>
    public static NodeSettings OfProcess(string name, int process)
    {
        var arguments = Split(File.ReadAllText($"/proc/{process}/cmdline")).Skip(1).Where(argument => !OwnFlags.Any(own => argument.StartsWith(own, StringComparison.Ordinal)));
        var variables = Split(File.ReadAllText($"/proc/{process}/environ")).Where(item => item.StartsWith("FLANNELD_", StringComparison.Ordinal))
            .Select(item => item.Split('=', 2)).Where(pair => pair.Length == 2).ToDictionary(pair => pair[0], pair => pair[1]);
        return new(name, [.. arguments], variables);

        static string[] Split(string text) => text.Split('\0', StringSplitOptions.RemoveEmptyEntries);
    }
}
