using System.Reflection;
using System.Runtime.Loader;

namespace FlannelPS.Loading;

/// <summary>Holds the engine and what it depends on apart from what other modules bring, whatever their versions.</summary>
/// <remarks>PowerShell-Docs, resolving-dependency-conflicts: the hook on the default context answers for one name only.</remarks>
internal sealed class EngineLoadContext : AssemblyLoadContext
{
    private const string Engine = "FlannelPS.Engine";
    private static readonly string Folder = Path.Combine(Path.GetDirectoryName(typeof(EngineLoadContext).Assembly.Location)!, "Dependencies");
    private static readonly Lazy<EngineLoadContext> Instance = new(() => new EngineLoadContext());

    private EngineLoadContext()
        : base(Engine)
    {
    }

    /// <summary>The engine, when it is asked for; null for every other name.</summary>
    public static Assembly? Resolve(AssemblyLoadContext context, AssemblyName name)
        => name.Name == Engine ? Instance.Value.LoadFromAssemblyName(name) : null;

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        var path = Path.Combine(Folder, assemblyName.Name + ".dll");
        return File.Exists(path) ? LoadFromAssemblyPath(path) : null;    // null: the framework's own
    }
}
