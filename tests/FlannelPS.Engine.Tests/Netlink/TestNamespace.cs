using FlannelPS.Lab;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests;

/// <summary>A fresh network namespace that goes with the test.</summary>
internal sealed class TestNamespace : IDisposable
{
    private TestNamespace(string name) => Name = name;

    public string Name { get; }

    /// <summary>Makes one, with loopback and an underlay device eth9 (192.0.2.1/24, 2001:db8::1/64) up; skips the test where that is not allowed.</summary>
    public static TestNamespace Create()
    {
        Assert.SkipUnless(Environment.UserName == "root" || LibC.GetEffectiveUserId() == 0, "A network namespace needs root.");
        Assert.SkipUnless(Command.IsThere("ip"), "iproute2 is not installed.");
        var made = new TestNamespace($"fps-{Guid.NewGuid():N}"[..14]);
        Command.Run("ip", "netns", "add", made.Name).ThrowIfFailed();
        try
        {
            made.Ip("link", "set", "lo", "up");
            made.Ip("link", "add", "eth9", "type", "veth", "peer", "name", "eth8");
            made.Ip("link", "set", "eth8", "up");
            made.Ip("addr", "add", "192.0.2.1/24", "dev", "eth9");
            made.Ip("addr", "add", "2001:db8::1/64", "dev", "eth9", "nodad");
            made.Ip("link", "set", "eth9", "up");
            return made;
        }
        catch
        {
            made.Dispose();
            throw;
        }
    }

    public string Ip(params string[] arguments) => Command.Run("ip", ["-n", Name, .. arguments]).ThrowIfFailed().Output;

    public string Bridge(params string[] arguments) => Command.Run("bridge", ["-n", Name, .. arguments]).ThrowIfFailed().Output;

    public T Run<T>(Func<T> body) => FlannelPS.Engine.Kernel.NetworkNamespace.Run(Name, body);

    public void Dispose() => Command.Run("ip", "netns", "del", Name);
}
