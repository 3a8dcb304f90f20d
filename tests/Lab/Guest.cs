using System.Diagnostics;

namespace FlannelPS.Lab;

/// <summary>A virtual machine with a distribution's kernel and nothing loaded into it: what a host is that lacks a module.</summary>
/// <remarks>Emulated, because not every machine lets another start virtual ones of its own; that takes some ten seconds. It has no network but what its script makes, and ends with the script.</remarks>
public sealed class Guest
{
    private static readonly string[] Libraries = ["/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6", "/lib/x86_64-linux-gnu/libm.so.6"];
    private readonly string _kernel;
    private readonly string _modules;

    private Guest(string kernel, string modules) => (_kernel, _modules) = (kernel, modules);

    /// <summary>Finds what it is made of: qemu, busybox, and a kernel with its modules.</summary>
    /// <param name="missing">What is not there; empty when all is.</param>
    public static Guest? Find(out string missing)
    {
        string? version = Directory.Exists("/lib/modules") ? Directory.EnumerateDirectories("/lib/modules").Select(Path.GetFileName).FirstOrDefault(name => File.Exists($"/boot/vmlinuz-{name}") && File.Exists($"/lib/modules/{name}/kernel/drivers/net/vxlan/vxlan.ko")) : null;
        missing = !Command.IsThere("qemu-system-x86_64") ? "qemu-system-x86_64 (package qemu-system-x86)"
            : !Command.IsThere("busybox") ? "busybox (package busybox-static)"
            : version is null ? "a kernel with modules in /boot and /lib/modules (package linux-image-cloud-amd64)"
            : Libraries.FirstOrDefault(file => !File.Exists(file)) ?? "";
        return missing.Length > 0 ? null : new($"/boot/vmlinuz-{version}", $"/lib/modules/{version}/kernel");
    }

    /// <summary>Starts it, runs a script as its first process, and stops it.</summary>
    /// <param name="script">For busybox's shell; <c>load NAME</c> loads one of the modules.</param>
    /// <param name="programs">Programs that are put into its /bin.</param>
    /// <param name="modules">Paths below the kernel's folder of modules, of what it may load.</param>
    /// <param name="limit">How long all may take.</param>
    /// <returns>What its console said.</returns>
    public async Task<string> RunAsync(string script, IReadOnlyList<string> programs, IReadOnlyList<string> modules, TimeSpan limit)
    {
        var root = Directory.CreateTempSubdirectory("flannelps-guest");
        try
        {
            foreach (string folder in new[] { "bin", "proc", "sys", "dev", "run", "tmp", "var/lib", "modules" })
            {
                root.CreateSubdirectory(folder);
            }

            Copy("/usr/bin/busybox", "bin/busybox");
            programs.ToList().ForEach(program => Copy(program, $"bin/{Path.GetFileName(program)}"));
            Libraries.ToList().ForEach(library => Copy(library, library[1..]));
            modules.ToList().ForEach(module => Copy($"{_modules}/{module}.ko", $"modules/{Path.GetFileName(module)}.ko"));
            string first = Path.Combine(root.FullName, "init");
            File.WriteAllText(first, $$"""
                #!/bin/busybox sh
                /bin/busybox --install -s /bin
                mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev; mount -t tmpfs run /run
                load() { insmod /modules/$1.ko; }
                ip link set lo up
                {{script}}
                poweroff -f
                """.ReplaceLineEndings("\n"));
            File.SetUnixFileMode(first, (UnixFileMode)0x1ED);
            string image = Path.Combine(root.FullName, "..", $"{root.Name}.img");
            try
            {
                Command.Run("sh", "-c", $"cd '{root.FullName}' && find . | busybox cpio -o -H newc | gzip -1 > '{image}'").ThrowIfFailed();
                var machine = Process.Start(Command.Captured("qemu-system-x86_64", ["-accel", "tcg", "-m", "512", "-nographic", "-no-reboot", "-nic", "none", "-kernel", _kernel, "-initrd", image, "-append", "console=ttyS0 quiet panic=-1"]))!;
                return (await Command.FinishAsync(machine, "qemu-system-x86_64", [], limit)).ThrowIfFailed().Output.ReplaceLineEndings("\n");
            }
            finally
            {
                File.Delete(image);
            }
        }
        finally
        {
            root.Delete(recursive: true);
        }

        void Copy(string file, string to)
        {
            string target = Path.Combine(root.FullName, to);
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
