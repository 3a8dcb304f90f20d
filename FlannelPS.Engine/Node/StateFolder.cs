using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Node;

/// <summary>What an instance remembers over restarts and reboots, in a folder of mode 0700 with files of mode 0600.</summary>
/// <remarks>
/// Each file is written whole or not at all. One that is damaged, too large, or from another machine is ignored with a warning, as if it were not there;
/// a newer version's is refused with <see cref="StateTooNewException"/>. Writing throws <see cref="IOException"/> when the kernel refuses:
/// the data path does not need the folder, so the caller goes on and tries again later.
/// </remarks>
public sealed class StateFolder
{
    /// <summary>Bytes of the saved peers, at most.</summary>
    public const int MaxPeersLength = 32 << 20;

    private const int MaxLength = 64 << 10, MaxMacs = 64;
    private const string IdentityName = "identity", MacsName = "vtep", LeaseName = "lease", RunName = "run", PeersName = "peers", NetworkName = "network", FootprintName = "footprint";
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode = FileMode | UnixFileMode.UserExecute;
    private readonly string _path, _machine;
    private readonly ILogger _logger;

    /// <summary>The folder of an instance; made when something is written.</summary>
    public StateFolder(InstancePaths paths, ILogger logger)
        : this(paths.StateFolder, logger, ReadMachineId())
    {
    }

    internal StateFolder(string path, ILogger logger, string? machineId)
        => (_path, _logger, _machine) = (path, logger, StateFile.Mark(machineId));

    /// <summary>This instance's identity, 32 hex digits: generated once, from then on the same. Where it cannot be saved it lasts for this run.</summary>
    public string GetIdentity() => GetIdentity(static save => save());

    /// <param name="later">Saves a new one, now or later.</param>
    internal string GetIdentity(Action<Action> later)
    {
        if (Read(IdentityName, StateJson.Default.SavedIdentity) is { Identity: { Length: 32 } known } && known.All(char.IsAsciiHexDigitLower))
            return known;
        var identity = Entropy.Hex(16);
        later(() => SaveIdentity(identity));
        return identity;
    }

    private void SaveIdentity(string identity)
    {
        try
        {
            Write(IdentityName, new SavedIdentity(identity), StateJson.Default.SavedIdentity);
            _logger.IdentityCreated(identity, _path);
        }
        catch (IOException error)
        {
            _logger.IdentityNotSaved(_path, error);
        }
    }

    /// <summary>The MAC a device had, so that it has it again.</summary>
    public MacAddress? ReadMac(string device)
        => Read(MacsName, StateJson.Default.DictionaryStringString)?.GetValueOrDefault(device) is { } text && MacAddress.TryParse(text, out var mac) && mac.IsUnicast ? mac : null;

    /// <summary>Remembers a device's MAC.</summary>
    public void SaveMac(string device, MacAddress mac)
    {
        var macs = Read(MacsName, StateJson.Default.DictionaryStringString) ?? [];
        if (macs.Count >= MaxMacs)
            macs.Clear();
        macs[device] = mac.ToString();
        Write(MacsName, macs, StateJson.Default.DictionaryStringString);
    }

    /// <summary>The lease this instance held last.</summary>
    public SavedLease? ReadLease() => Read(LeaseName, StateJson.Default.SavedLease) is { Key: not null, Value: not null } lease ? lease : null;

    /// <summary>Remembers the lease; null forgets it.</summary>
    public void SaveLease(SavedLease? lease)
    {
        if (lease is null)
            Delete(LeaseName);
        else
            Write(LeaseName, lease, StateJson.Default.SavedLease);
    }

    /// <summary>The last run's nonce and boot.</summary>
    public SavedRun? ReadRun() => Read(RunName, StateJson.Default.SavedRun) is { Nonce: not null } run ? run : null;

    /// <summary>Remembers this run.</summary>
    public void SaveRun(SavedRun run) => Write(RunName, run, StateJson.Default.SavedRun);

    /// <summary>What is to be taken out of the host at the end.</summary>
    public SavedFootprint? ReadFootprint()
        => Read(FootprintName, StateJson.Default.SavedFootprint) is { Network: not null, Devices: not null, SubnetFile: not null, Subnet: not null } footprint
            ? footprint with { Firewall = footprint.Firewall is { Used: not null, Before: not null } firewall ? firewall : null }
            : null;

    /// <summary>Remembers what is to be taken out of the host at the end.</summary>
    public void SaveFootprint(SavedFootprint footprint) => Write(FootprintName, footprint, StateJson.Default.SavedFootprint);

    /// <summary>What other instances of this host put into this network namespace, by name. What cannot be read is left out: it is theirs.</summary>
    internal IReadOnlyList<(string Name, SavedFootprint Footprint)> ReadOthers()
    {
        var others = new List<(string, SavedFootprint)>();
        if (Path.GetDirectoryName(_path) is not { } parent || !Directory.Exists(parent))
            return others;
        foreach (var folder in Directory.EnumerateDirectories(parent).Where(folder => folder != _path).Take(1000))
        {
            try
            {
                if (new StateFolder(folder, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, null).ReadFootprint() is { Place: { } place } other && place == NetworkNamespace.Current)
                    others.Add((Path.GetFileName(folder), other));
            }
            catch (StateTooNewException)
            {
            }
        }
        return others;
    }

    /// <summary>The last known peers, in whatever form they were given; null when there are none.</summary>
    public ReadOnlyMemory<byte>? ReadPeers() => ReadBytes(PeersName, MaxPeersLength);

    /// <summary>Remembers the peers.</summary>
    /// <exception cref="ArgumentException">They are longer than <see cref="MaxPeersLength"/>.</exception>
    public void SavePeers(ReadOnlySpan<byte> peers)
    {
        if (peers.Length > MaxPeersLength)
            throw new ArgumentException($"The peers take {peers.Length} bytes, more than {MaxPeersLength}.", nameof(peers));
        WriteBytes(PeersName, peers);
    }

    /// <summary>The UDP tunnel as it was last; null where there was none.</summary>
    internal SavedTunnel? ReadTunnel()
    {
        try
        {
            return ReadPeers() is { } saved ? JsonSerializer.Deserialize(saved.Span, StateJson.Default.SavedTunnel) : null;
        }
        catch (JsonException error)
        {
            _logger.StateFileIgnored(PathOf(PeersName), $"its content is not as expected ({error.Message})");
            return null;
        }
    }

    /// <summary>Remembers the tunnel with its peers.</summary>
    internal void SaveTunnel(SavedTunnel tunnel) => SavePeers(JsonSerializer.SerializeToUtf8Bytes(tunnel, StateJson.Default.SavedTunnel));

    /// <summary>The network as it was last seen; null where none was.</summary>
    internal SavedNetwork? ReadNetwork() => Read(NetworkName, StateJson.Default.SavedNetwork, MaxPeersLength) is { Config: not null, Leases: not null } network ? network : null;

    /// <summary>Remembers the network.</summary>
    internal void SaveNetwork(SavedNetwork network)
    {
        var content = JsonSerializer.SerializeToUtf8Bytes(network, StateJson.Default.SavedNetwork);
        // Rather none than one that would not be read again.
        if (content.Length <= MaxPeersLength)
            WriteBytes(NetworkName, content);
        else
            Delete(NetworkName);
    }

    /// <summary>Removes all files of ours, and the folder when nothing else is in it.</summary>
    public void Remove()
    {
        if (!Directory.Exists(_path))
            return;
        // The footprint last: while it is there a clean-up that was cut short is begun anew.
        foreach (var name in new[] { PeersName, NetworkName, RunName, LeaseName, MacsName, IdentityName, FootprintName })
        {
            Delete(name);
            KillPoint.Pass(KillPoint.StateCleaned, name);
        }
        if (!Directory.EnumerateFileSystemEntries(_path).Any())
            Directory.Delete(_path);
    }

    private T? Read<T>(string name, JsonTypeInfo<T> type, int maxLength = MaxLength)
        where T : class
    {
        if (ReadBytes(name, maxLength) is not { } content)
            return null;
        try
        {
            return JsonSerializer.Deserialize(content.Span, type);
        }
        catch (JsonException error)
        {
            _logger.StateFileIgnored(PathOf(name), $"its content is not as expected ({error.Message})");
            return null;
        }
    }

    private ReadOnlyMemory<byte>? ReadBytes(string name, int maxLength)
    {
        var path = PathOf(name);
        string? problem;
        try
        {
            if (SafeRead.TryReadAllBytes(path, maxLength + 256) is not { } file)
                return null;
            if (StateFile.TryOpen(file, _machine, out var content, out problem))
                return content;
        }
        catch (StateTooNewException error)
        {
            throw new StateTooNewException(error.Format, path);
        }
        catch (IOException error)
        {
            problem = error.Message;
        }
        _logger.StateFileIgnored(path, problem);
        return null;
    }

    private void Write<T>(string name, T value, JsonTypeInfo<T> type) => WriteBytes(name, JsonSerializer.SerializeToUtf8Bytes(value, type));

    private void WriteBytes(string name, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(_path, FolderMode);
        if (File.GetUnixFileMode(_path) != FolderMode)
            File.SetUnixFileMode(_path, FolderMode);
        AtomicFile.Write(PathOf(name), StateFile.Frame(content, _machine), FileMode);
    }

    private void Delete(string name) => AtomicFile.Delete(PathOf(name));

    private string PathOf(string name) => Path.Join(_path, name);

    private static string? ReadMachineId()
    {
        try
        {
            return SafeRead.TryReadAllBytes("/etc/machine-id", 256) is { } id ? System.Text.Encoding.ASCII.GetString(id) : null;
        }
        catch (IOException)
        {
            return null;    // a link or worse: then folders are not told apart by machine
        }
    }
}
