# Certificates for the tests of TLS, made by .NET: no openssl is needed.
Set-StrictMode -Version 3
$ErrorActionPreference = 'Stop'

function New-Certificate([string] $Name, $Issuer, [string] $Address) {
    $key = [Security.Cryptography.ECDsa]::Create([Security.Cryptography.ECCurve+NamedCurves]::nistP256)
    $request = [Security.Cryptography.X509Certificates.CertificateRequest]::new("CN=$Name", $key, 'SHA256')
    $from, $to = [DateTimeOffset]::UtcNow.AddHours(-1), [DateTimeOffset]::UtcNow.AddDays(2)
    if (-not $Issuer) {
        $request.CertificateExtensions.Add([Security.Cryptography.X509Certificates.X509BasicConstraintsExtension]::new($true, $false, 0, $true))
        return $request.CreateSelfSigned($from, $to)
    }
    $names = [Security.Cryptography.X509Certificates.SubjectAlternativeNameBuilder]::new()
    if ($Address) { $names.AddIpAddress([ipaddress]$Address) } else { $names.AddDnsName("$Name.example") }
    $request.CertificateExtensions.Add($names.Build())
    $serial = [byte[]]::new(8)
    [Security.Cryptography.RandomNumberGenerator]::Fill($serial)
    $signed = $request.Create($Issuer, $from, $to.AddHours(-1), $serial)
    [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::CopyWithPrivateKey($signed, $key)
}

function Save-Certificate($Certificate, [string] $Path) {
    Set-Content "$Path.pem" $Certificate.ExportCertificatePem()
    $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate)
    Set-Content "$Path-key.pem" $key.ExportPkcs8PrivateKeyPem()
}

# ca, server (for 127.0.0.1), elsewhere (for another name), client, and another authority, each as NAME.pem and NAME-key.pem in a folder.
function New-LabCertificate([Parameter(Mandatory)] [string] $Folder) {
    $authority = New-Certificate 'Lab authority'
    Save-Certificate $authority "$Folder/ca"
    Save-Certificate (New-Certificate 'Another authority') "$Folder/other-ca"
    Save-Certificate (New-Certificate server $authority 127.0.0.1) "$Folder/server"
    Save-Certificate (New-Certificate elsewhere $authority) "$Folder/elsewhere"
    Save-Certificate (New-Certificate client $authority) "$Folder/client"
}

Export-ModuleMember -Function New-LabCertificate
