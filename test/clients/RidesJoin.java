import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import java.io.IOException;
import java.time.Duration;
import java.time.LocalDateTime;
import java.util.Optional;
import java.util.Properties;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.JoinWindows;
import org.apache.kafka.streams.kstream.KStream;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.StreamJoined;
import org.apache.kafka.streams.state.BuiltInDslStoreSuppliers.InMemoryDslStoreSuppliers;

/**
 * The course's two Kafka Streams programs in one: rides counted by key, and rides joined with the places in which other rides
 * began. Values are read strictly: an unknown member, or a time that is not ISO 8601, ends the program.
 *
 * usage: RidesJoin BOOTSTRAP RIDES LOCATIONS COUNTS JOINED STATE_DIRECTORY
 */
public class RidesJoin {
    public static class Ride {
        public String VendorID;
        public LocalDateTime tpep_pickup_datetime;
        public LocalDateTime tpep_dropoff_datetime;
        public int passenger_count;
        public double trip_distance;
        public long RatecodeID;
        public String store_and_fwd_flag;
        public long PULocationID;
        public long DOLocationID;
        public String payment_type;
        public double fare_amount;
        public double extra;
        public double mta_tax;
        public double tip_amount;
        public double tolls_amount;
        public double improvement_surcharge;
        public double total_amount;
        public double congestion_surcharge;
    }

    public static class PickupLocation {
        public long PULocationID;
        public LocalDateTime tpep_pickup_datetime;
    }

    public static class VendorInfo {
        public String VendorID;
        public long PULocationID;
        public LocalDateTime pickupTime;
        public LocalDateTime lastDropoffTime;
    }

    static class IsoTime extends JsonDeserializer<LocalDateTime> {
        @Override
        public LocalDateTime deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            return LocalDateTime.parse(parser.getValueAsString());
        }
    }

    static final ObjectMapper json = new ObjectMapper().registerModule(
        new SimpleModule().addDeserializer(LocalDateTime.class, new IsoTime()).addSerializer(LocalDateTime.class, ToStringSerializer.instance));

    static <T> Serde<T> serde(Class<T> type) {
        return Serdes.serdeFrom(
            (topic, value) -> {
                try {
                    return value == null ? null : json.writeValueAsBytes(value);
                } catch (IOException error) {
                    throw new SerializationException(error);
                }
            },
            (topic, bytes) -> {
                try {
                    return bytes == null || bytes.length == 0 ? null : json.readValue(bytes, type);
                } catch (IOException error) {
                    throw new SerializationException(error);
                }
            });
    }

    static Optional<VendorInfo> match(Ride ride, PickupLocation place) {
        if (Duration.between(ride.tpep_dropoff_datetime, place.tpep_pickup_datetime).abs().toMinutes() > 10) return Optional.empty();
        VendorInfo info = new VendorInfo();
        info.VendorID = ride.VendorID;
        info.PULocationID = place.PULocationID;
        info.pickupTime = place.tpep_pickup_datetime;
        info.lastDropoffTime = ride.tpep_dropoff_datetime;
        return Optional.of(info);
    }

    public static void main(String[] args) throws InterruptedException {
        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[4] + "-app");
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, args[5]);
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.StringSerde.class);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
        settings.put(StreamsConfig.DSL_STORE_SUPPLIERS_CLASS_CONFIG, InMemoryDslStoreSuppliers.class);
        settings.put("auto.offset.reset", "earliest");
        settings.put("isolation.level", "read_committed");

        Serde<Ride> rideSerde = serde(Ride.class);
        Serde<PickupLocation> placeSerde = serde(PickupLocation.class);
        StreamsBuilder builder = new StreamsBuilder();
        KStream<String, Ride> rides = builder.stream(args[1], Consumed.with(Serdes.String(), rideSerde));
        KStream<String, PickupLocation> places = builder.stream(args[2], Consumed.with(Serdes.String(), placeSerde));
        rides.groupByKey(Grouped.with(Serdes.String(), rideSerde))
            .count()
            .toStream()
            .mapValues(count -> String.valueOf(count))
            .to(args[3], Produced.with(Serdes.String(), Serdes.String()));
        rides.join(
                places.selectKey((key, place) -> String.valueOf(place.PULocationID)),
                RidesJoin::match,
                JoinWindows.ofTimeDifferenceAndGrace(Duration.ofMinutes(20), Duration.ofMinutes(5)),
                StreamJoined.with(Serdes.String(), rideSerde, placeSerde))
            .filter((key, info) -> info.isPresent())
            .mapValues(Optional::get)
            .to(args[4], Produced.with(Serdes.String(), serde(VendorInfo.class)));

        KafkaStreams streams = new KafkaStreams(builder.build(), settings);
        streams.setUncaughtExceptionHandler(error -> {
            error.printStackTrace();
            Runtime.getRuntime().halt(1);
            return null;
        });
        Runtime.getRuntime().addShutdownHook(new Thread(() -> streams.close(Duration.ofSeconds(5))));
        streams.start();
        Thread.currentThread().join();
    }
}
