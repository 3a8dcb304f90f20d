using System.Text.Json;
using FlannelPS.Engine.Leases;

namespace FlannelPS.Engine.Backends;

/// <summary>The <c>Backend</c> object of the configuration, read with clear errors: an option that the backend does not have is one too.</summary>
internal readonly struct BackendOptions
{
    private readonly NetworkConfigReader.Fields? _fields;
    private readonly string _type;

    /// <summary>Takes the object.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="known">The options this backend has, besides Type.</param>
    /// <exception cref="NetworkConfigException">There is an unknown option.</exception>
    public BackendOptions(NetworkConfig config, params ReadOnlySpan<string> known)
    {
        _type = config.BackendType;
        if (config.Backend.ValueKind != JsonValueKind.Object)
            return;
        _fields = new(config.Backend);
        foreach (var name in _fields.Value.Names)
            if (!name.Equals("Type", StringComparison.OrdinalIgnoreCase) && !Contains(known, name))
                throw new NetworkConfigException(
                    $"backend {_type} has no option '{name}'; it has {(known.Length == 0 ? "none" : string.Join(", ", known.ToArray()))}");
    }

    public bool Flag(string name) => _fields?.Boolean(name) ?? false;

    public uint Number(string name, uint fallback, uint minimum, uint maximum)
    {
        var value = _fields?.Number(name, uint.MaxValue) ?? fallback;
        return value == fallback || value >= minimum && value <= maximum
            ? value
            : throw new NetworkConfigException($"backend {_type}: {name} {value} is not between {minimum} and {maximum}");
    }

    private static bool Contains(ReadOnlySpan<string> known, string name)
    {
        foreach (var option in known)
            if (option.Equals(name, StringComparison.OrdinalIgnoreCase))
                return true;
        return false;
    }
}
