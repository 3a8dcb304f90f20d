# Docker's daemon on a host of the lab: in mount, process and cgroup namespaces of its own, with folders of its own, so that several run on one machine
# and nothing of it is left behind. Images come from this machine's programs: nothing is fetched.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'
Import-Module $PSScriptRoot/Systemd.psm1 -Function Get-CgroupFolder

# $1 is the folder, $2 the file with DOCKER_OPTS.
$script:boot = @'
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs /run
mount -t sysfs sysfs /sys
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# A group that has groups below it may not hold processes itself.
mkdir /sys/fs/cgroup/init
echo $$ > /sys/fs/cgroup/init/cgroup.procs
. "$2"
exec dockerd --data-root "$1/data" --exec-root "$1/exec" --pidfile "$1/pid" -H "unix://$1/docker.sock" --storage-driver vfs --exec-opt native.cgroupdriver=cgroupfs $DOCKER_OPTS
'@

# Why it cannot be had here, in words; nothing where it can.
function Get-DockerProblem {
    foreach ($program in 'dockerd', 'docker', 'iptables') {
        if (-not (Get-Command $program -ErrorAction Ignore)) { return "$program is not installed (package docker.io)" }
    }
    if (-not (Get-CgroupFolder)) { return 'no cgroup2 tree is mounted writable' }
}

# Starts it in the network namespace of a path, with the options of a file as Export-FlannelDockerOption writes it.
function Start-LabDocker([Parameter(Mandatory)] [string] $Network, [Parameter(Mandatory)] [string] $OptionFile) {
    $folder = Join-Path ([IO.Path]::GetTempPath()) "flannelps-docker-$([guid]::NewGuid().ToString('n'))"
    $null = New-Item -ItemType Directory $folder
    Set-Content "$folder/boot.sh" $script:boot
    $group = Join-Path (Get-CgroupFolder) (Split-Path -Leaf $folder)
    $null = New-Item -ItemType Directory $group
    $process = Start-Process bash @('-c', "`"echo `$`$ > $group/cgroup.procs; exec nsenter --net=$Network unshare -m -p -f -C --mount-proc --kill-child bash $folder/boot.sh $folder $OptionFile`"") -PassThru -RedirectStandardError "$folder/log" -RedirectStandardOutput /dev/null
    $docker = [pscustomobject]@{ Folder = $folder; Group = $group; Process = $process; Socket = "unix://$folder/docker.sock" }
    foreach ($attempt in 1..600) {
        $null = docker -H $docker.Socket version 2>&1
        if ($LASTEXITCODE -eq 0) { return $docker }
        if ($process.HasExited) { break }
        Start-Sleep -Milliseconds 100
    }
    $log = Get-Content "$folder/log" | Select-Object -Last 5
    Stop-LabDocker $docker
    throw "dockerd did not come up: $log"
}

# Runs docker; no parameters of its own, so that docker's options reach docker.
function Invoke-LabDocker {
    $docker, $rest = $args
    $output = & docker -H $docker.Socket @rest 2>&1
    if ($LASTEXITCODE -ne 0) { throw "docker $rest`: $output" }
    $output
}

# Makes an image of programs of this machine, with the libraries they ask for.
function New-LabImage([Parameter(Mandatory)] $Docker, [Parameter(Mandatory)] [string] $Name, [Parameter(Mandatory)] [string[]] $Program) {
    $root = Join-Path $Docker.Folder root
    foreach ($file in $Program.ForEach({ (Get-Command $_).Source; ldd (Get-Command $_).Source | ForEach-Object { [regex]::Match($_, '/\S+').Value } | Where-Object { $_ } }) | Select-Object -Unique) {
        $null = New-Item -ItemType Directory -Force (Join-Path $root (Split-Path $file))
        cp --dereference $file (Join-Path $root $file)
    }
    $null = New-Item -ItemType Directory -Force "$root/tmp"
    tar -C $root -cf "$($Docker.Folder)/image.tar" .
    $null = Invoke-LabDocker $Docker import "$($Docker.Folder)/image.tar" $Name
}

function Stop-LabDocker([Parameter(Mandatory)] $Docker) {
    # With process 1 of its namespace all of its containers end.
    if (-not $Docker.Process.HasExited) { $Docker.Process.Kill() }
    $Docker.Process.WaitForExit()
    foreach ($attempt in 1..100) {
        if (-not (Test-Path $Docker.Group)) { break }
        Get-ChildItem $Docker.Group -Directory -Recurse | Sort-Object { $_.FullName.Length } -Descending | ForEach-Object { try { [IO.Directory]::Delete($_.FullName) } catch { Write-Verbose "$_" } }
        try { [IO.Directory]::Delete($Docker.Group) } catch { Start-Sleep -Milliseconds 50 }
    }
    rm -rf $Docker.Folder
}

Export-ModuleMember -Function Get-DockerProblem, *-LabDocker, New-LabImage
