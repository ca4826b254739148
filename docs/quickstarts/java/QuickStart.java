import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** The first calls, with the HTTP client of Java 11 and newer, and Gson. */
public class QuickStart {
    static final String BASE_URL = System.getenv().getOrDefault("ESOZ_URL", "http://127.0.0.1:8080");
    static final HttpClient HTTP = HttpClient.newHttpClient(); // follows no redirects: a job that has ended answers 303

    static JsonObject call(String method, String path, String body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(BASE_URL + path))
                .header("Authorization", "Bearer sandbox-owner")
                .header("API-key", "sandbox-mis-key")
                .header("Content-Type", "application/json")
                .timeout(Duration.ofSeconds(30))
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        return JsonParser.parseString(HTTP.send(request, BodyHandlers.ofString()).body()).getAsJsonObject();
    }

    static String text(JsonElement object, String name) {
        return object.getAsJsonObject().get(name).getAsString();
    }

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);

        JsonElement first = call("GET", "/api/divisions?type=CLINIC&page_size=1", null).getAsJsonArray("data").get(0);
        out.println(text(first, "status") + " " + text(first, "name"));

        String wrong = "{\"name\": \"Амбулаторія\", \"type\": \"CLINIC\"}";
        JsonObject error = call("POST", "/api/divisions", wrong).getAsJsonObject("error");
        out.println(text(error, "type") + " " + text(error, "message"));
        for (JsonElement item : error.getAsJsonArray("invalid")) {
            for (JsonElement rule : item.getAsJsonObject().getAsJsonArray("rules")) {
                out.println(text(item, "entry") + " " + text(rule, "description"));
            }
        }
    }
}
