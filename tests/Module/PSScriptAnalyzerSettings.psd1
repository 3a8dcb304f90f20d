# What the rules do not see in tests.
@{
    Severity     = 'Error', 'Warning'
    ExcludeRules = @(
        # Pester's blocks hand variables on to each other.
        'PSUseDeclaredVarsMoreThanAssignments'
        # The lab's helpers exist to change things; nobody asks them what they would do.
        'PSUseShouldProcessForStateChangingFunctions'
        # A helper of one file may be named for what it gives (Get-Bytes).
        'PSUseSingularNouns'
        # The passwords are made here, for a store that ends with the run.
        'PSAvoidUsingConvertToSecureStringWithPlainText'
        'PSAvoidUsingPlainTextForPassword'
        # Blocks for other runspaces take their values by param(), which the rule does not follow.
        'PSUseUsingScopeModifierInNewRunspaces'
        # Blocks of one table share their parameters, also where one of them needs none.
        'PSReviewUnusedParameter'
        # PowerShell 7 reads UTF-8 with or without a mark.
        'PSUseBOMForUnicodeEncodedFile'
    )
}
