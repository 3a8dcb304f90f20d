using System.Runtime.Versioning;

namespace FlannelPS.Engine.Tests.Kernel;

/// <summary>A fresh directory, mode 0755, that goes with the test.</summary>
[SupportedOSPlatform("linux")]
internal sealed class TestDirectory : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("flannelps-");

    public TestDirectory() => _directory.UnixFileMode = AtomicFileTests.Directory0755;

    public string this[string name] => Path.Combine(_directory.FullName, name);

    public string Name => _directory.FullName;

    public string[] Entries => [.. _directory.EnumerateFileSystemInfos().Select(entry => entry.Name).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Delete(recursive: true);
}
