using static Machine;
using static Programs;

/// <summary>PowerShell and the modules that tests and help need, from this machine or fetched beside what is built.</summary>
/// <param name="tools">Folder for what is fetched.</param>
internal sealed class PowerShellTools(string tools)
{
    /// <summary>PowerShell from the path, or as a .NET tool beside what was built; null where neither is to be had.</summary>
    public string? Find()
    {
        string folder = Path.Combine(tools, "pwsh");
        if (IsThere("pwsh") || Tool() is not null)
        {
            return IsThere("pwsh") ? "pwsh" : Tool();
        }

        Console.WriteLine("installing PowerShell: runs the module's tests (a .NET tool, in out/tools)");
        var (code, _) = Capture("dotnet", ["tool", "install", "PowerShell", "--version", Tools.PowerShellVersion, "--tool-path", folder]);
        return code == 0 ? Tool() : null;

        // The package's own program beside its libraries. The tool's command is a second process around "dotnet", with another id, which signals do not go through.
        string? Tool()
        {
            string? program = Directory.Exists(folder) ? Directory.EnumerateFiles(folder, "pwsh", SearchOption.AllDirectories).FirstOrDefault(file => File.Exists(file + ".dll") && file.Contains("/unix/")) : null;
            if (program is not null)
            {
                File.SetUnixFileMode(program, (UnixFileMode)0x1ED); // 0755: some tests are other users
            }

            return program;
        }
    }

    /// <summary>Pester is a package of NuGet too, with the module in its folder tools. The tests run under version 5, and run the files that ship with the module under version 6 as well.</summary>
    /// <returns>Whether version 5 is there.</returns>
    public bool HasPester(string pwsh)
    {
        string modules = ModulesFolder();
        string[] missing = [.. new[] { (Tools.PesterVersion, "5.5", "6.0"), (Tools.NextPesterVersion, "6.0", "7.0") }.Where(wanted => !Has(wanted.Item2, wanted.Item3)).Select(wanted => wanted.Item1)];
        if (missing.Length == 0)
        {
            return true;
        }

        Console.WriteLine($"installing Pester {string.Join(" and ", missing)}: runs the module's tests (in out/tools)");
        string folder = Path.Combine(tools, "pester");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "pester.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <RestorePackagesPath>{folder}/packages</RestorePackagesPath>
                <RestorePackagesWithLockFile>false</RestorePackagesWithLockFile>
                <ManagePackageVersionsCentrally>false</ManagePackageVersionsCentrally>
              </PropertyGroup>
              <ItemGroup><PackageDownload Include="Pester" Version="{string.Join(';', missing.Select(version => $"[{version}]"))}" /></ItemGroup>
            </Project>
            """);
        _ = Capture("dotnet", ["restore", folder, "-v", "quiet", "-nologo"]);
        Directory.CreateDirectory(Path.Combine(modules, "Pester"));
        foreach (string version in missing)
        {
            string source = Path.Combine(folder, "packages/pester", version, "tools");
            if (Directory.Exists(source))
            {
                Directory.Move(source, Path.Combine(modules, "Pester", version));
            }
        }

        return Has("5.5", "6.0");

        bool Has(string from, string until) => Capture(pwsh, ["-NoProfile", "-Command", $"if (Get-Module -ListAvailable Pester | Where-Object {{ $_.Version -ge '{from}' -and $_.Version -lt '{until}' }}) {{ 'yes' }}"]).Text.Contains("yes", StringComparison.Ordinal);
    }

    /// <summary>From the gallery, with PowerShell's own package cmdlets; a machine without a way there says so at once or after a minute.</summary>
    public bool HasPlatyPS(string pwsh)
    {
        string modules = ModulesFolder();
        const string question = "if (Get-Module -ListAvailable Microsoft.PowerShell.PlatyPS | Where-Object { $_.Version -ge '1.0' -and $_.Version -lt '2.0' }) { 'yes' }";
        if (Capture(pwsh, ["-NoProfile", "-Command", question]).Text.Contains("yes", StringComparison.Ordinal))
        {
            return true;
        }

        Console.WriteLine("installing PlatyPS: makes the help (in out/tools)");
        Directory.CreateDirectory(modules);
        string save = $"Save-PSResource Microsoft.PowerShell.PlatyPS -Version {Tools.PlatyPSVersion} -Path '{modules}' -TrustRepository -Quiet -ErrorAction Stop";
        return Capture("timeout", ["60", pwsh, "-NoProfile", "-NonInteractive", "-Command", $"try {{ {save}; 'saved' }} catch {{ }}"]).Text.Contains("saved", StringComparison.Ordinal);
    }

    // Modules that only the build needs, before those of the machine.
    private string ModulesFolder()
    {
        string modules = Path.Combine(tools, "Modules");
        string path = Environment.GetEnvironmentVariable("PSModulePath") ?? "";
        if (!path.Split(':').Contains(modules))
        {
            Environment.SetEnvironmentVariable("PSModulePath", path.Length > 0 ? $"{modules}:{path}" : modules);
        }

        return modules;
    }
}
