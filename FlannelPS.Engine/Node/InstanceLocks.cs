using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Node;

/// <summary>What one daemon holds so that no second one does: its name, its subnet file, and in its network namespace the network and the devices.</summary>
/// <remarks>Hosts made of network namespaces on one file system share the lock folder; the namespace's number keeps them apart (D10).</remarks>
public sealed class InstanceLocks : IDisposable
{
    private readonly InstancePaths _paths;
    private readonly Dictionary<string, FileLock> _held = [];
    private readonly string _namespace = NetworkNamespace.Current;

    private InstanceLocks(InstancePaths paths) => _paths = paths;

    /// <summary>The lock of the instance's name.</summary>
    public FileLock Instance => _held[_paths.Lock];

    /// <summary>Takes what is known before the configuration is.</summary>
    /// <param name="paths">The instance.</param>
    /// <param name="subnetFile">Full path of the subnet file.</param>
    /// <param name="store">The store's endpoints.</param>
    /// <param name="prefix">The network's place in it.</param>
    /// <exception cref="InstanceTakenException">Another daemon has one of them.</exception>
    public static InstanceLocks Take(InstancePaths paths, string subnetFile, string store, string prefix)
    {
        var locks = new InstanceLocks(paths);
        try
        {
            locks.Take(paths.Lock, $"a daemon named '{paths.Name}'", "Stop it, or give this one another --name");
            locks.Take(locks.PathOf("file", subnetFile), $"a daemon with the subnet file {subnetFile}", "Give this one another --subnet-file");
            locks.Take(locks.PathOf("net", locks._namespace, store, prefix), $"a daemon for the network {prefix} on this host", "A host is one node of a network; for a second network give another --etcd-prefix");
            return locks;
        }
        catch
        {
            locks.Dispose();
            throw;
        }
    }

    /// <summary>Takes a device of this network namespace.</summary>
    /// <exception cref="InstanceTakenException">Another daemon has it.</exception>
    public void TakeDevice(string name)
        => Take(PathOf("dev", _namespace, name), $"a daemon with the device {name}", "Give the second network another VNI or Port in its configuration");

    /// <summary>Whether an instance of this host runs, or was killed.</summary>
    internal bool IsHeld(string name) => File.Exists(Path.Join(_paths.RunFolder, $"{name}.lock"));

    /// <inheritdoc/>
    public void Dispose()
    {
        // The name last, which a successor takes first: when it has that, the others are free.
        foreach (var held in _held.Values.Reverse())
            held.Dispose();
    }

    private void Take(string path, string what, string remedy)
    {
        if (_held.ContainsKey(path))
            return;
        _held[path] = FileLock.TryAcquire(path, out var owner)
            ?? throw new InstanceTakenException($"There is {what} already{(owner > 0 ? $" (process {owner})" : "")}. {remedy}.");
    }

    // A name that any path, endpoint or namespace fits into.
    private string PathOf(string kind, params ReadOnlySpan<string> parts)
        => Path.Join(_paths.RunFolder, $".{kind}-{Fingerprint.Hex(Encoding.UTF8.GetBytes(string.Join('\0', parts.ToArray())))}.lock");
}

/// <summary>Another daemon holds what this one needs. The message names it, and what to do.</summary>
/// <param name="message">One line.</param>
public sealed class InstanceTakenException(string message) : Exception(message);
