using System;
using System.IO;
using System.Net.Http;
using System.Runtime.Serialization.Json;
using System.Text;
using System.Threading.Tasks;
using System.Xml;
using System.Xml.Linq;

/// <summary>The first calls, with nothing but .NET: Framework 4.5, Mono, or .NET 8.</summary>
static class QuickStart
{
    static readonly string BaseUrl = Environment.GetEnvironmentVariable("ESOZ_URL") ?? "http://127.0.0.1:8080";

    // Redirects are not followed: a job that has ended answers 303.
    static readonly HttpClient Http = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });

    static async Task<XElement> Call(HttpMethod method, string path, string body = null)
    {
        var request = new HttpRequestMessage(method, BaseUrl + path);
        request.Headers.Add("Authorization", "Bearer sandbox-owner");
        request.Headers.Add("API-key", "sandbox-mis-key");
        if (body != null)
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }
        var answer = await Http.SendAsync(request);
        using (var reader = JsonReaderWriterFactory.CreateJsonReader(
            await answer.Content.ReadAsByteArrayAsync(), XmlDictionaryReaderQuotas.Max))
        {
            return XElement.Load(reader);
        }
    }

    static async Task Run(TextWriter output)
    {
        var divisions = await Call(HttpMethod.Get, "/api/divisions?type=CLINIC&page_size=1");
        var first = divisions.Element("data").Element("item");
        output.WriteLine("{0} {1}", first.Element("status").Value, first.Element("name").Value);

        var wrong = "{\"name\": \"Амбулаторія\", \"type\": \"CLINIC\"}";
        var error = (await Call(HttpMethod.Post, "/api/divisions", wrong)).Element("error");
        output.WriteLine("{0} {1}", error.Element("type").Value, error.Element("message").Value);
        foreach (var item in error.Element("invalid").Elements())
        {
            foreach (var rule in item.Element("rules").Elements())
            {
                output.WriteLine("{0} {1}", item.Element("entry").Value, rule.Element("description").Value);
            }
        }
    }

    static void Main()
    {
        using (var output = new StreamWriter(Console.OpenStandardOutput())) // UTF-8 on every console
        {
            Run(output).GetAwaiter().GetResult();
        }
    }
}
