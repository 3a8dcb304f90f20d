namespace FlannelPS.Engine.Node;

/// <summary>Where an instance keeps its things.</summary>
public sealed class InstancePaths
{
    private readonly string _runRoot, _stateRoot;

    /// <summary>The paths of the instance of a name.</summary>
    /// <exception cref="ArgumentException">The name breaks <see cref="InstanceName.Rule"/>.</exception>
    public InstancePaths(string name)
        : this(name, "/run/flannelps", "/var/lib/flannelps")
    {
    }

    /// <summary>The same under other roots.</summary>
    internal InstancePaths(string name, string runRoot, string stateRoot)
    {
        if (!InstanceName.IsValid(name))
            throw new ArgumentException($"'{name}' is no instance name: it must be {InstanceName.Rule}.", nameof(name));
        (Name, _runRoot, _stateRoot) = (name, runRoot, stateRoot);
    }

    /// <summary>The instance's name.</summary>
    public string Name { get; }

    /// <summary>Folder of sockets and locks, shared by all instances.</summary>
    public string RunFolder => _runRoot;

    /// <summary>The control socket.</summary>
    public string Socket => Path.Join(_runRoot, $"{Name}.sock");

    /// <summary>The file that is locked while a daemon of this name runs.</summary>
    public string Lock => Path.Join(_runRoot, $"{Name}.lock");

    /// <summary>Folder of what outlives a restart, mode 0700.</summary>
    public string StateFolder => Path.Join(_stateRoot, Name);
}
