# A piece of the lab: systemd as process 1 in namespaces of its own, on an overlay of this machine's root, so nothing is fetched and nothing stays.
# A script runs in it under a real pwsh, with a network namespace of its own (Lab.psm1 works there too), and what it returns comes back.
#   $why = Get-SystemdProblem            # null where it can be had
#   $seen = Invoke-UnderSystemd { param($x) systemctl is-system-running; ... } -ArgumentList 1
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

# Runs inside the new namespaces. $1 is the folder with root/, given/ and result/.
$script:boot = @'
set -eu
base=$1
mount --make-rprivate /
mount -t tmpfs tmpfs "$base/root"
mkdir "$base/root/upper" "$base/root/work" "$base/root/new"
mkdir -p "$base/root/upper/etc/systemd/system"
cp "$base/given/"lab.* "$base/root/upper/etc/systemd/system/"
# What a host waits for at boot, and what asks a person, is not there.
for unit in systemd-networkd-wait-online NetworkManager-wait-online systemd-firstboot systemd-udevd systemd-udev-trigger systemd-resolved systemd-timesyncd systemd-logind getty.target console-getty; do
  case $unit in *.*) ;; *) unit=$unit.service ;; esac
  ln -s /dev/null "$base/root/upper/etc/systemd/system/$unit"
done
# What this machine's own nodes have is not there either (a whiteout of overlayfs).
for folder in var/lib/flannelps var/log/flannelps etc/flannelps usr/local/lib/flannelps; do
  mkdir -p "$base/root/upper/$(dirname $folder)"
  mknod "$base/root/upper/$folder" c 0 0
done
echo 0123456789abcdef0123456789abcdef > "$base/root/upper/etc/machine-id"
root=$base/root/new
mount -t overlay -o "lowerdir=/,upperdir=$base/root/upper,workdir=$base/root/work" overlay "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
for folder in run tmp dev; do mount -t tmpfs -o mode=0755 tmpfs "$root/$folder"; done
chmod 1777 "$root/tmp"
for device in null zero full random urandom tty net/tun; do
  [ -e /dev/$device ] || continue
  mkdir -p "$root/dev/$(dirname $device)"
  : > "$root/dev/$device"
  mount --bind /dev/$device "$root/dev/$device"
done
mkdir -p "$root/dev/pts" "$root/run/netns"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
mkdir -p "$root/sys/fs/cgroup"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
# The overlay shows only the root's own file system; what the script needs may be on another.
while read -r folder; do
  mkdir -p "$root$folder"
  mount --rbind "$folder" "$root$folder"
done < "$base/given/folders"
mkdir -p "$root/run/lab"
mount --bind "$base/given" "$root/run/lab"
cd "$root"
mkdir -p .old
pivot_root . .old
umount -l .old
exec env -i container=lab PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd --unit=lab.target --show-status=0 --log-target=null
'@

# Why it cannot be had here, in words; nothing where it can.
function Get-SystemdProblem {
    if (-not $IsLinux) { return 'this is not Linux' }
    if ((id -u) -ne '0') { return 'it needs root' }
    if (-not (Test-Path /usr/lib/systemd/systemd)) { return 'systemd is not installed (package systemd)' }
    if (-not (Get-Command unshare -ErrorAction Ignore)) { return 'unshare is not installed (package util-linux)' }
    if (-not (Get-CgroupFolder)) { return 'no cgroup2 tree is mounted writable' }
}

# Where a group of our own can be made in the cgroup2 tree.
function Get-CgroupFolder {
    foreach ($line in Get-Content /proc/self/mounts) {
        $field = $line -split ' '
        if ($field[2] -eq 'cgroup2' -and $field[3] -match '(^|,)rw(,|$)') { return $field[1] }
    }
}

# Runs a script with systemd as process 1, and returns what it returns; its error is thrown. Everything it made or started is gone afterwards.
function Invoke-UnderSystemd {
    [CmdletBinding()]
    param(
        [Parameter(Mandatory, Position = 0)] [scriptblock] $Script,
        [object[]] $ArgumentList = @(),
        # Folders that it must see as they are here.
        [string[]] $Folder = @(),
        [int] $TimeoutSeconds = 120
    )
    if ($problem = Get-SystemdProblem) { throw "No systemd here: $problem" }
    $pwsh = [Environment]::ProcessPath
    $base = Join-Path ([IO.Path]::GetTempPath()) "flannelps-systemd-$([guid]::NewGuid().ToString('n'))"
    $group = Join-Path (Get-CgroupFolder) (Split-Path -Leaf $base)
    $null = New-Item -ItemType Directory "$base/root", "$base/given"
    try {
        Set-Content "$base/given/folders" (@($Folder) + $PSScriptRoot + (Split-Path $pwsh) + $env:FLANNELPS_MODULE | Where-Object { $_ } | ForEach-Object { (Resolve-Path $_).Path } | Select-Object -Unique)
        Set-Content "$base/given/lab.target" '[Unit]', 'Requires=basic.target lab.service', 'After=basic.target'
        $variables = Get-ChildItem env: | Where-Object Name -match '^(PSModulePath|FLANNELPS_.*|DOTNET_.*|NO_COLOR|LANG)$' | ForEach-Object { "Environment=`"$($_.Name)=$($_.Value)`"" }
        Set-Content "$base/given/lab.service" (@(
                '[Unit]', 'After=basic.target', '[Service]', 'Type=oneshot', 'Environment=HOME=/root TERM=dumb SYSTEMD_PAGER=cat SYSTEMD_COLORS=0 POWERSHELL_TELEMETRY_OPTOUT=1 POWERSHELL_UPDATECHECK=Off') + $variables + @(
                "ExecStart=$pwsh -NoLogo -NoProfile -NonInteractive -File /run/lab/driver.ps1", 'StandardOutput=file:/run/lab/output', 'StandardError=file:/run/lab/output', 'ExecStopPost=/usr/bin/systemctl poweroff --force --no-block'))
        Set-Content "$base/given/script.ps1" $Script.ToString()
        Export-Clixml "$base/given/arguments.xml" -InputObject @(, $ArgumentList)
        Set-Content "$base/given/driver.ps1" @'
$ErrorActionPreference = 'Stop'
$answer = @{ Output = @(); Failure = $null }
try {
    ip link set lo up
    $arguments = @((Import-Clixml /run/lab/arguments.xml)[0])
    $answer.Output = @(& ([scriptblock]::Create((Get-Content -Raw /run/lab/script.ps1))) @arguments)
}
catch { $answer.Failure = "$_ $($_.ScriptStackTrace)" }
Export-Clixml /run/lab/answer.new -InputObject $answer -Depth 4
Move-Item /run/lab/answer.new /run/lab/answer.xml
'@
        Set-Content "$base/boot.sh" $script:boot
        $null = New-Item -ItemType Directory $group
        # Killed with unshare, process 1 takes all others with it; its own end looks like a failure, so the answer decides.
        bash -c 'echo $BASHPID > "$1/cgroup.procs"; exec timeout -s KILL "$2" unshare -m -p -f -n -u -i -C --kill-child bash "$3/boot.sh" "$3"' lab $group $TimeoutSeconds $base *> "$base/boot.log"
        if (-not (Test-Path "$base/given/answer.xml")) {
            throw "The script under systemd gave no answer within $TimeoutSeconds s: $(Get-Content "$base/boot.log", "$base/given/output" -ErrorAction Ignore | Select-Object -Last 20)"
        }
        $answer = Import-Clixml "$base/given/answer.xml"
        if ($answer.Failure) { throw "Under systemd: $($answer.Failure)" }
        $answer.Output
    }
    finally {
        # Groups are removed from the leaves up, once the last process has left them.
        foreach ($attempt in 1..100) {
            if (-not (Test-Path $group)) { break }
            Get-ChildItem $group -Directory -Recurse | Sort-Object { $_.FullName.Length } -Descending | ForEach-Object { [IO.Directory]::Delete($_.FullName) }
            try { [IO.Directory]::Delete($group) } catch { Start-Sleep -Milliseconds 50 }
        }
        Remove-Item -Recurse -Force $base
    }
}

Export-ModuleMember -Function Get-SystemdProblem, Invoke-UnderSystemd, Get-CgroupFolder
