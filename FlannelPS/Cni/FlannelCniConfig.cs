using System.Collections;
using System.Collections.Specialized;

namespace FlannelPS;

/// <summary>A configuration for the flannel CNI plugin, by itself or as a list with further plugins.</summary>
public sealed class FlannelCniConfig
{
    internal FlannelCniConfig(string name, string cniVersion, string? subnetFile, string? dataDirectory, IDictionary? @delegate, IDictionary? ipam, bool portMap)
        => (Name, CniVersion, SubnetFile, DataDirectory, Delegate, Ipam, PortMap) = (name, cniVersion, subnetFile, dataDirectory, @delegate, ipam, portMap);

    /// <summary>The network's name for the container runtime.</summary>
    public string Name { get; }

    /// <summary>Version of the CNI specification.</summary>
    public string CniVersion { get; }

    /// <summary>The subnet file; null for the plugin's default.</summary>
    public string? SubnetFile { get; }

    /// <summary>Where the plugin keeps its state; null for its default.</summary>
    public string? DataDirectory { get; }

    /// <summary>Options for the plugin that flannel's hands the work to (bridge); null for none.</summary>
    public IDictionary? Delegate { get; }

    /// <summary>Options for the address plugin (host-local); null for none.</summary>
    public IDictionary? Ipam { get; }

    /// <summary>Whether ports of the host are mapped by the portmap plugin.</summary>
    public bool PortMap { get; }

    /// <summary>As a list of plugins (<c>.conflist</c>).</summary>
    public string ToConfList()
    {
        var plugins = new List<object> { Plugin() };
        if (PortMap)
            plugins.Add(new OrderedDictionary { ["type"] = "portmap", ["capabilities"] = new OrderedDictionary { ["portMappings"] = true } });
        return CniJson.Write(new OrderedDictionary { ["name"] = Name, ["cniVersion"] = CniVersion, ["plugins"] = plugins });
    }

    /// <summary>As one plugin (<c>.conf</c>).</summary>
    /// <exception cref="InvalidOperationException">It has a second plugin.</exception>
    public string ToConf()
    {
        if (PortMap)
            throw new InvalidOperationException("A .conf file holds one plugin, and portmap is a second one.");
        var conf = new OrderedDictionary { ["name"] = Name, ["cniVersion"] = CniVersion };
        foreach (DictionaryEntry entry in Plugin())
            conf[entry.Key] = entry.Value;
        return CniJson.Write(conf);
    }

    /// <summary>The list, as it is exported.</summary>
    public override string ToString() => ToConfList();

    private OrderedDictionary Plugin()
    {
        var plugin = new OrderedDictionary { ["type"] = "flannel" };
        foreach (var (name, value) in new (string, object?)[] { ("subnetFile", SubnetFile), ("dataDir", DataDirectory), ("ipam", Ipam), ("delegate", Delegate) })
            if (value is not null)
                plugin[name] = value;
        return plugin;
    }
}
