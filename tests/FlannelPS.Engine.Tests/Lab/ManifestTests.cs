using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace FlannelPS.Engine.Tests.Lab;

public sealed class ManifestTests
{
    [Fact]
    public void The_manifest_has_the_version_of_the_build()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FlannelPS.psd1")))
        {
            folder = folder.Parent!;
        }

        string version = XDocument.Load(Path.Combine(folder.FullName, "Directory.Build.props")).Descendants("Version").Single().Value;
        string manifest = File.ReadAllText(Path.Combine(folder.FullName, "FlannelPS.psd1"));
        Assert.Equal(version, Regex.Match(manifest, @"ModuleVersion\s*=\s*'([^']*)'").Groups[1].Value);
    }
}
