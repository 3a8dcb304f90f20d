using System.Reflection;

namespace FlannelPS.ModuleTests;

/// <summary>What the metadata say of one cmdlet.</summary>
internal sealed class CmdletFacts
{
    private readonly CustomAttributeData _cmdlet;

    public CmdletFacts(Type type)
    {
        Type = type;
        _cmdlet = Module.Attribute(type, "CmdletAttribute")!;
        Verb = (string)_cmdlet.ConstructorArguments[0].Value!;
        Noun = (string)_cmdlet.ConstructorArguments[1].Value!;
        Parameters =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => Module.Attribute(property, "ParameterAttribute") is not null)
                .Select(property => new ParameterFacts(property)).OrderBy(parameter => parameter.Name, StringComparer.Ordinal),
        ];
    }

    public Type Type { get; }

    public string Verb { get; }

    public string Noun { get; }

    public string Name => $"{Verb}-{Noun}";

    public IReadOnlyList<ParameterFacts> Parameters { get; }

    public bool SupportsShouldProcess => Module.Argument(_cmdlet, "SupportsShouldProcess", false);

    /// <summary>ConfirmImpact.High is 3 and the default, Medium, 2.</summary>
    public bool AsksByDefault => Module.Argument(_cmdlet, "ConfirmImpact", 2) == 3;

    public IEnumerable<Type> OutputTypes
        => Module.Attributes(Type, "OutputTypeAttribute").SelectMany(attribute => attribute.ConstructorArguments)
            .SelectMany(argument => argument.Value switch
            {
                Type one => [one],
                IEnumerable<CustomAttributeTypedArgument> many => many.Select(item => item.Value).OfType<Type>(),
                _ => [],
            });

    public override string ToString() => Name;
}

/// <summary>What the metadata say of one parameter.</summary>
internal sealed class ParameterFacts(PropertyInfo property)
{
    public PropertyInfo Property { get; } = property;

    public string Name => Property.Name;

    public Type Type => Property.PropertyType;

    public IEnumerable<CustomAttributeData> Declarations => Module.Attributes(Property, "ParameterAttribute");

    /// <summary>Reads <c>Uri[]</c>, <c>int?</c> and so on.</summary>
    public string TypeName => NameOf(Type);

    public IReadOnlyList<string> Aliases
        => [.. Module.Attributes(Property, "AliasAttribute").SelectMany(alias => (IEnumerable<CustomAttributeTypedArgument>)alias.ConstructorArguments[0].Value!).Select(alias => (string)alias.Value!)];

    public bool IsMandatory => Declarations.Any(declaration => Module.Argument(declaration, "Mandatory", false));

    public bool TakesWildcards => Module.Attribute(Property, "SupportsWildcardsAttribute") is not null;

    /// <summary>In which sets it binds the pipeline's objects as they are.</summary>
    public IEnumerable<string> SetsByValue
        => Declarations.Where(declaration => Module.Argument(declaration, "ValueFromPipeline", false)).Select(declaration => Module.Argument(declaration, "ParameterSetName", "__AllParameterSets"));

    public static string NameOf(Type type)
        => type.IsArray ? NameOf(type.GetElementType()!) + "[]"
            : type.IsGenericType && type.Name == "Nullable`1" ? NameOf(type.GetGenericArguments()[0]) + "?"
            : type.Name;

    public override string ToString() => $"-{Name} <{TypeName}>";
}
