#!/usr/bin/env -S dotnet run
#:property PublishAot=false
#:property RestorePackagesWithLockFile=false
#:property RestoreLockedMode=false
#:property GenerateDocumentationFile=false
#:property NoWarn=CA1861

// The one build file: every target of build.sh and build.ps1. It is compiled alone with build/, so that it also runs while the projects do not.
//   build     the libraries, the tests and the native daemon; the packed module in out/FlannelPS
//   test      all tests; --long adds what takes more than a minute a row
//   demo      a network of three hosts in namespaces, with traffic through it
//   bench     the figures of docs/performance.md; with FLANNELD set beside the original
//   help      en-US/FlannelPS.dll-Help.xml from docs/cmdlets; --check only says whether it is up to date
//   pack      out/FlannelPS.<version>.nupkg
//   clean

using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml;
using System.Xml.Linq;
using static Machine;
using static Programs;

const string Usage = "usage: build (build | test [--long] | demo [--store local|etcd] [--backend vxlan|host-gw] [--hosts N] | bench [ROW...] | help [--check] | pack | clean)";
string root = Environment.CurrentDirectory;
string[] Inputs = ["FlannelPS.Engine", "FlannelPS", "tests", "en-US", "Examples", "Checks", "build"];
string output = Path.Combine(root, "out");
string module = Path.Combine(output, "FlannelPS");
string daemon = Path.Combine(module, "runtimes/linux-x64/native/flannelpsd");
var shell = new PowerShellTools(Path.Combine(output, "tools"));

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Forward);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Forward);

if (!File.Exists(Path.Combine(root, "build.cs")))
{
    return Fail("run it in the repository's root, or use build.sh");
}

// The tests start through their own executables, which look for .NET here where it is not installed system-wide.
if (Environment.GetEnvironmentVariable("DOTNET_ROOT") is null or "" && Environment.ProcessPath is { } host)
{
    Environment.SetEnvironmentVariable("DOTNET_ROOT", Path.GetDirectoryName(File.ResolveLinkTarget(host, returnFinalTarget: true)?.FullName ?? host));
}

string[] rest = args.Length > 0 ? args[1..] : [];
switch (args.Length > 0 ? args[0] : "")
{
    case "build" when rest.Length == 0:
        return Build();
    case "test" when rest is [] or ["--long"]:
        return Test(rest.Length == 1);
    case "demo":
        return RunWithNetwork("tests/Demo", "FlannelPS.Demo", rest, [.. Tools.Network, .. rest.Contains("etcd") ? [Tools.Etcd] : Array.Empty<Tool>()]);
    case "bench":
        return RunWithNetwork("tests/Bench", "FlannelPS.Bench", rest, [.. Tools.Network, Tools.Etcd]);
    case "help" when rest is [] or ["--check"]:
        return Help(check: rest.Length == 1);
    case "pack" when rest.Length == 0:
        return Pack();
    case "clean":
        return Clean();
    default:
        return Fail(Usage);
}

// ---- build

int Build()
{
    if (!Install(Tools.Compiler))
    {
        return 1;
    }

    string sources = Fingerprint(Inputs);
    string engine = Fingerprint(["FlannelPS.Engine"]);
    string stampFile = Path.Combine(output, "built.txt");
    string[] stamp = File.Exists(stampFile) ? File.ReadAllLines(stampFile) : [];
    if (stamp.Length != 3 || !File.Exists(daemon))
    {
        stamp = ["", "", Environment.GetEnvironmentVariable("NativeFramework") ?? "net10.0"];
    }

    // An environment variable is a property for every project, so all of them see one framework.
    Environment.SetEnvironmentVariable("NativeFramework", stamp[2]);
    if (stamp[0] != sources)
    {
        var clock = Stopwatch.StartNew();
        bool restored = Restore(ref stamp[2]);
        (sources, engine) = (Fingerprint(Inputs), Fingerprint(["FlannelPS.Engine"])); // a lock file may have changed
        if (!restored || !Quiet("dotnet", ["build", "FlannelPS.slnx", "-c", "Release", "--no-restore", "-v", "quiet", "-nologo"]))
        {
            return Fail("the build failed; the first error above says where");
        }

        if (stamp[1] != engine && !PublishDaemon(stamp[2]))
        {
            return Fail("the native daemon could not be built; the first error above says why");
        }

        Assemble();
        Directory.CreateDirectory(output);
        File.WriteAllLines(stampFile, [sources, engine, stamp[2]]);
        Console.WriteLine($"built in {clock.Elapsed.TotalSeconds:F1} s: {Path.GetRelativePath(root, daemon)}, {new FileInfo(daemon).Length / 1048576.0:F1} MiB, {stamp[2]}");
    }

    return 0;
}

bool Restore(ref string framework)
{
    string[] command = ["restore", "FlannelPS.slnx", "-v", "quiet", "-nologo"];
    if (framework != "net10.0")
    {
        return Quiet("dotnet", [.. command, .. Unlocked(framework)]);
    }

    var (code, text) = Capture("dotnet", command);
    if (code == 0)
    {
        return true;
    }

    if (!text.Contains("NativeAOT", StringComparison.OrdinalIgnoreCase) && !text.Contains("ILCompiler", StringComparison.OrdinalIgnoreCase))
    {
        Console.Error.Write(text);
        return false;
    }

    Console.WriteLine("the net10.0 NativeAOT pack cannot be restored here; the daemon is built for net9.0");
    framework = "net9.0";
    Environment.SetEnvironmentVariable("NativeFramework", framework);
    return Restore(ref framework);
}

// The lock files hold for net10.0; another framework has its own, which is not kept.
static string[] Unlocked(string framework) =>
    framework == "net10.0" ? [] : ["-p:RestoreLockedMode=false", $"-p:NuGetLockFilePath=obj/{framework}.lock.json"];

bool PublishDaemon(string framework)
{
    string folder = Path.Combine(output, "native");
    if (!Quiet("dotnet", ["publish", "FlannelPS.Engine", "-c", "Release", "-f", framework, "-r", "linux-x64", "-o", folder, "-v", "quiet", "-nologo", .. Unlocked(framework)]))
    {
        return false;
    }

    // Not over the old file: a daemon that runs from there keeps its own.
    Directory.CreateDirectory(Path.GetDirectoryName(daemon)!);
    string fresh = daemon + ".new";
    File.Copy(Path.Combine(folder, "FlannelPS.Engine"), fresh, overwrite: true);
    File.SetUnixFileMode(fresh, (UnixFileMode)0x1ED); // 0755
    File.Move(fresh, daemon, overwrite: true);
    // What a service installs is compared with this, in the form of sha256sum.
    File.WriteAllText(daemon + ".sha256", $"{Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(daemon)))}  flannelpsd\n");
    return true;
}

// The packed module: manifest with the one version, the cmdlets' assembly, the engine in its own folder, licence, what examples, checks and help there are.
void Assemble()
{
    var files = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["FlannelPS.dll"] = "FlannelPS/bin/Release/net8.0/FlannelPS.dll" };
    foreach (string library in Directory.EnumerateFiles("FlannelPS.Engine/bin/Release/net8.0", "*.dll"))
    {
        files["Dependencies/" + Path.GetFileName(library)] = library;
    }

    string[] folders = ["en-US", "Examples", "Checks"];
    foreach (string file in folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)).Concat(["LICENSE", "CHANGELOG.md", "FlannelPS.format.ps1xml"]))
    {
        files[file] = file;
    }

    string manifest = Path.Combine(output, "FlannelPS.psd1");
    Directory.CreateDirectory(output);
    File.WriteAllLines(manifest, Manifest());
    files["FlannelPS.psd1"] = manifest;
    foreach (var (target, source) in files)
    {
        Place(source, target);
    }

    File.Delete(manifest);
    foreach (string old in Directory.EnumerateFiles(module, "*", SearchOption.AllDirectories).Where(file => !file.StartsWith(daemon, StringComparison.Ordinal) && !files.ContainsKey(Path.GetRelativePath(module, file))))
    {
        File.Delete(old); // of an earlier build
    }
}

// The version stands in one file; a part after a dash is what the gallery calls a prerelease.
static string Version() => XDocument.Load("Directory.Build.props").Descendants("Version").First().Value;

static IEnumerable<string> Manifest()
{
    string[] version = Version().Split('-', 2);
    foreach (string line in File.ReadAllLines("FlannelPS.psd1"))
    {
        yield return line.TrimStart().StartsWith("ModuleVersion", StringComparison.Ordinal) ? $"    ModuleVersion        = '{version[0]}'" : line;
        if (version.Length > 1 && line.Contains("PSData", StringComparison.Ordinal))
        {
            yield return $"            Prerelease   = '{version[1]}'";
        }
    }
}

// Not over the old file: who has it loaded keeps it.
void Place(string source, string target)
{
    string path = Path.Combine(module, target);
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.Copy(source, path + ".new", overwrite: true);
    File.Move(path + ".new", path, overwrite: true);
}

// Names, sizes and times of all inputs: cheaper than asking every project, and it notices a deleted file too.
string Fingerprint(string[] folders)
{
    var text = new StringBuilder();
    string[] top = ["build.cs", "FlannelPS.slnx", "FlannelPS.psd1", "FlannelPS.format.ps1xml", "CHANGELOG.md", "LICENSE", "Directory.Build.props", "Directory.Build.targets", "Directory.Packages.props", ".editorconfig"];
    var files = folders.Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        .Where(file => !file.Contains("/bin/") && !file.Contains("/obj/"));
    foreach (string file in files.Concat(top).Where(File.Exists).Order(StringComparer.Ordinal))
    {
        var info = new FileInfo(file);
        text.Append(file).Append(' ').Append(info.Length).Append(' ').Append(info.LastWriteTimeUtc.Ticks).Append('\n');
    }

    return Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
}

int Clean()
{
    foreach (string folder in Directory.EnumerateFiles(root, "*.csproj", SearchOption.AllDirectories).Select(file => Path.GetDirectoryName(file)!).Append(root).ToList())
    {
        foreach (string made in new[] { "bin", "obj", "out" }.Select(name => Path.Combine(folder, name)).Where(Directory.Exists))
        {
            Directory.Delete(made, recursive: true);
        }
    }

    return 0;
}

// ---- what a user gets

// PlatyPS makes the help file from the markdown; what it leaves unfinished (1.0 writes code into the text, with its fences) is finished here.
int Help(bool check)
{
    const string target = "en-US/FlannelPS.dll-Help.xml";
    if (shell.Find() is not { } pwsh)
    {
        return Fail("the help needs PowerShell, which is not there, and this machine cannot get it as a .NET tool");
    }

    if (!shell.HasPlatyPS(pwsh))
    {
        return Fail($"the help needs PlatyPS {Tools.PlatyPSVersion}, which is not there, and this machine cannot get it from the gallery");
    }

    string folder = Path.Combine(output, "help");
    Environment.SetEnvironmentVariable("DOTNET_SYSTEM_GLOBALIZATION_PREDEFINED_CULTURES_ONLY", "0"); // PlatyPS names en-US, also where there is no ICU
    string script = $$"""
        $ErrorActionPreference = 'Stop'
        Import-Module Microsoft.PowerShell.PlatyPS -MinimumVersion 1.0 -MaximumVersion 1.99
        [string[]] $files = (Get-ChildItem docs/cmdlets/*-*.md).FullName
        [Array]::Sort($files, [StringComparer]::Ordinal)
        $bad = $files | Where-Object { -not (Test-MarkdownCommandHelp $_) }
        if ($bad) { throw "not in PlatyPS's form: $bad" }
        $null = Import-MarkdownCommandHelp $files | Export-MamlCommandHelp -OutputFolder '{{folder}}' -Force
        """;
    var (code, text) = Capture(pwsh, ["-NoProfile", "-NonInteractive", "-Command", script]);
    if (code != 0)
    {
        return Fail($"PlatyPS failed: {text.Trim()}");
    }

    string fresh = Maml.Finish(XDocument.Load(Path.Combine(folder, "FlannelPS/FlannelPS.dll-Help.xml")));
    bool same = File.Exists(target) && File.ReadAllText(target) == fresh;
    if (check)
    {
        return same ? 0 : Fail($"{target} is not what docs/cmdlets make; run the word help and commit it");
    }

    File.WriteAllText(target, fresh);
    Console.WriteLine($"{target}: {(same ? "as it was" : "written")}");
    return 0;
}

// The package as the gallery's own cmdlets make it, but with the daemon's executable bit (they leave out all modes), and the same bytes from the same files.
int Pack()
{
    if (Build() != 0)
    {
        return 1;
    }

    string package = Path.Combine(output, $"FlannelPS.{Version()}.nupkg");
    var files = Directory.EnumerateFiles(module, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(module, file), File.ReadAllBytes);
    if (files.FirstOrDefault(file => file.Value.Length == 0).Key is { } empty)
    {
        return Fail($"{empty} is empty; PSResourceGet does not unpack empty files");
    }

    var date = PackageDate();
    File.Delete(package);
    using (var zip = ZipFile.Open(package, ZipArchiveMode.Create))
    {
        foreach (var (name, bytes) in Nupkg.Parts(Version(), File.ReadAllText("FlannelPS.psd1"), files.Keys).Concat(files.OrderBy(file => file.Key, StringComparer.Ordinal)))
        {
            var entry = zip.CreateEntry(Nupkg.Escape(name), CompressionLevel.Optimal);
            entry.LastWriteTime = date;
            entry.ExternalAttributes = (name.EndsWith("/flannelpsd", StringComparison.Ordinal) ? 0x81ED : 0x81A4) << 16; // a plain file, 0755 or 0644
            using var content = entry.Open();
            content.Write(bytes);
        }
    }

    byte[] packed = File.ReadAllBytes(package);
    Console.WriteLine($"{Path.GetRelativePath(root, package)}: {files.Count} files, {packed.Length / 1048576.0:F1} MiB, SHA-256 {Convert.ToHexStringLower(SHA256.HashData(packed))}");
    return 0;
}

// Of the files in it: when the source was committed, so that two builds of one commit are alike.
static DateTimeOffset PackageDate()
{
    string seconds = Environment.GetEnvironmentVariable("SOURCE_DATE_EPOCH") ?? (IsThere("git") ? Capture("sh", ["-c", "git log -1 --format=%ct 2>/dev/null"]).Text.Trim() : "");
    return long.TryParse(seconds, out long time) && time > 315532800 ? DateTimeOffset.FromUnixTimeSeconds(time) : new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);
}

// ---- what needs a network

int Test(bool includeLong)
{
    int built = Install([.. Tools.Network, .. Tools.Firewall, Tools.Etcd, .. Tools.Tests, .. Tools.Neighbors]) ? Build() : 1;
    if (built != 0 || !CanBeRoot("the tests make network namespaces"))
    {
        return Summary(0, 0, 0);
    }

    Environment.SetEnvironmentVariable("FLANNELPS_TEST_LONG", includeLong ? "1" : null);
    if (Environment.GetEnvironmentVariable("FLANNELD") is null or "")
    {
        Console.WriteLine("FLANNELD is not set: what needs the original flanneld is skipped (set it to the program's path)");
    }

    string results = Path.Combine(output, "test-results");
    Directory.CreateDirectory(results);
    int passed = 0, failed = 0, skipped = 0;
    string? pwsh = PrepareModuleTests(ref passed, ref failed, ref skipped);
    string pester = Path.Combine(results, "Pester.json");
    File.Delete(pester);
    Task<int>? moduleTests = null;
    foreach (string project in Directory.EnumerateFiles("tests", "*.Tests.csproj", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
    {
        string name = Path.GetFileNameWithoutExtension(project);
        string report = Path.Combine(results, name + ".xml");
        File.Delete(report);
        if (name == "FlannelPS.System.Tests" && pwsh is not null)
        {
            // Both wait more than they compute, each in namespaces of its own: together they take the time of the longer one.
            moduleTests = Task.Run(() => RunAsRoot(pwsh, ["-NoProfile", "-NonInteractive", "-File", Path.Combine(root, "tests/Module/Run.ps1"), "-Module", module, "-Result", pester]));
        }

        int code = RunAsRoot(Path.Combine(Path.GetDirectoryName(project)!, "bin/Release/net10.0", name), ["-result-xml", report, "-noColor"]);
        if (!File.Exists(report))
        {
            Console.WriteLine($"FAILED {name}: ended with exit code {code} and left no report");
            failed++;
            continue;
        }

        if (ReadReport(report) is not { } told)
        {
            Console.WriteLine($"FAILED {name}: ended with exit code {code} and left a report that cannot be read");
            failed++;
            continue;
        }

        foreach (var test in told.Descendants("test"))
        {
            string title = test.Attribute("name")!.Value.Replace(name + ".", "", StringComparison.Ordinal).Replace("\\\"", "\"", StringComparison.Ordinal);
            switch (test.Attribute("result")?.Value)
            {
                case "Pass":
                    passed++;
                    break;
                case "Fail":
                    failed++;
                    Console.WriteLine($"FAILED {title}: {test.Descendants("message").FirstOrDefault()?.Value.TrimStart().Split('\n')[0]}");
                    break;
                default:
                    skipped++;
                    Console.WriteLine($"skipped {title}: {test.Descendants("reason").FirstOrDefault()?.Value}");
                    break;
            }
        }

        int errors = told.Descendants("errors").Elements("error").Count();
        if (errors > 0 || (code != 0 && failed == 0))
        {
            Console.WriteLine($"FAILED {name}: {errors} errors outside a test, exit code {code}");
            failed += Math.Max(errors, 1);
        }
    }

    if (moduleTests is not null)
    {
        CountModuleTests(pester, moduleTests.Result, ref passed, ref failed, ref skipped);
    }

    return Summary(passed, failed, skipped);
}

// Null for one that a test's output has spoilt, or that was cut short.
XDocument? ReadReport(string file)
{
    try
    {
        return XDocument.Load(file);
    }
    catch (XmlException)
    {
        return null;
    }
}

// PowerShell with Pester, and the package and the help that are tried; null where there is none.
string? PrepareModuleTests(ref int passed, ref int failed, ref int skipped)
{
    if (shell.Find() is not { } pwsh)
    {
        Console.WriteLine("skipped the module's Pester tests: PowerShell is not there, and this machine cannot get it as a .NET tool");
        skipped++;
        return null;
    }

    if (!shell.HasPester(pwsh))
    {
        Console.WriteLine("skipped the module's Pester tests: Pester 5.5 to 5.7 is not there, and this machine cannot get it");
        skipped++;
        return null;
    }

    // The package is made to be tried; and the help is made again, to compare it with the committed file.
    if (Pack() != 0)
    {
        failed++;
    }

    if (!shell.HasPlatyPS(pwsh))
    {
        Console.WriteLine("skipped the comparison of the help file with what PlatyPS makes: PlatyPS is not there, and this machine cannot get it");
        skipped++;
    }
    else if (Help(check: true) == 0)
    {
        passed++;
    }
    else
    {
        failed++;
    }

    return pwsh;
}

void CountModuleTests(string report, int code, ref int passed, ref int failed, ref int skipped)
{
    if (!File.Exists(report))
    {
        Console.WriteLine($"FAILED the Pester run ended with exit code {code} and left no report");
        failed++;
        return;
    }

    using var counts = JsonDocument.Parse(File.ReadAllText(report));
    passed += counts.RootElement.GetProperty("Passed").GetInt32();
    failed += counts.RootElement.GetProperty("Failed").GetInt32();
    skipped += counts.RootElement.GetProperty("Skipped").GetInt32();
    foreach (var failure in counts.RootElement.GetProperty("Failures").EnumerateArray())
    {
        Console.WriteLine($"FAILED {failure}");
    }
}

int Summary(int passed, int failed, int skipped)
{
    Console.WriteLine($"{passed} passed, {failed} failed, {skipped} skipped");
    return failed > 0 || passed == 0 ? 1 : 0;
}

int RunWithNetwork(string project, string name, string[] arguments, Tool[] tools)
{
    if (!Install(tools) || Build() != 0 || !CanBeRoot("it makes network namespaces"))
    {
        return 1;
    }

    return RunAsRoot(Path.Combine(project, "bin/Release/net10.0", name), arguments);
}

int RunAsRoot(string program, string[] arguments)
{
    Environment.SetEnvironmentVariable("FLANNELPSD", Environment.GetEnvironmentVariable("FLANNELPSD") ?? daemon);
    if (IsRoot)
    {
        return Run(program, arguments);
    }

    var kept = new[] { "PATH", "CI", "DOTNET_ROOT", "PSModulePath", "FLANNELD", "FLANNELPSD", "FLANNELPS_TEST_LONG" }
        .Where(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
        .Select(name => $"{name}={Environment.GetEnvironmentVariable(name)}");
    return Run("sudo", ["env", .. kept, Path.GetFullPath(program), .. arguments]);
}
