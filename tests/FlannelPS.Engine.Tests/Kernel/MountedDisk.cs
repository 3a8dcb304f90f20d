using System.Runtime.Versioning;
using FlannelPS.Engine.Kernel;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Kernel;

/// <summary>A small disk in memory that goes with the test; the test is skipped where mounting is not allowed.</summary>
[SupportedOSPlatform("linux")]
internal sealed class MountedDisk : IDisposable
{
    private readonly TestDirectory _at;

    public MountedDisk(string options)
    {
        Assert.SkipUnless(LibC.GetEffectiveUserId() == 0, "Mounting needs root.");
        _at = new();
        Command.Run("mount", "-t", "tmpfs", "-o", $"mode=0755,{options}", "tmpfs", _at.Name).ThrowIfFailed();
    }

    public string Path => _at.Name;

    public string this[string name] => _at[name];

    public void Dispose()
    {
        Command.Run("umount", _at.Name).ThrowIfFailed();
        _at.Dispose();
    }
}
