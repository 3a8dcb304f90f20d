using System.Management.Automation;
using System.Runtime.Loader;

namespace FlannelPS.Loading;

/// <summary>Brings the engine in when a cmdlet first needs it, and not before: importing the module loads this one assembly.</summary>
public sealed class ModuleInitializer : IModuleAssemblyInitializer, IModuleAssemblyCleanup
{
    /// <inheritdoc/>
    public void OnImport()
    {
        AssemblyLoadContext.Default.Resolving -= EngineLoadContext.Resolve;    // imported twice, it is hooked once
        AssemblyLoadContext.Default.Resolving += EngineLoadContext.Resolve;
    }

    /// <inheritdoc/>
    public void OnRemove(PSModuleInfo psModuleInfo) => AssemblyLoadContext.Default.Resolving -= EngineLoadContext.Resolve;
}
