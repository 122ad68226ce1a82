import com.fasterxml.jackson.databind.ObjectMapper;
import io.apicurio.registry.utils.converter.avro.AvroData;
import io.apicurio.registry.utils.converter.avro.AvroDataConfig;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.Map;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.json.JsonConverter;

/**
 * Where test/avro/golden/schemas.json comes from. Reads Connect schemas in JsonConverter's form, one per line, and
 * prints for each the Avro schema and the JSON schema that the JVM converters make of it.
 *
 * Class path: io.apicurio:apicurio-registry-utils-converter:2.6.13.Final (its AvroData is Confluent's),
 * org.apache.kafka:connect-api and connect-json 4.1.0, com.fasterxml.jackson.core:jackson-core:2.19.0.
 */
public class SchemaOracle {
  public static void main(String[] arguments) throws Exception {
    ObjectMapper mapper = new ObjectMapper();
    JsonConverter json = new JsonConverter();
    json.configure(Map.of("schemas.enable", "true"), false);
    AvroDataConfig config = new AvroDataConfig(Map.of("connect.meta.data", "true"));
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    PrintStream out = new PrintStream(System.out, true, "UTF-8");
    for (String line; (line = in.readLine()) != null; ) {
      Schema schema = json.asConnectSchema(mapper.readTree(line));
      out.println(new AvroData(config).fromConnectSchema(schema));
      out.println(json.asJsonSchema(schema));
    }
  }
}
